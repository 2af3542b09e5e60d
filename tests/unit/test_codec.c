/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests scan and codec with the corpus, with encoding, and with memory that runs out.
 * test_differential.c compares with jansson.
 */
#include <stdlib.h>
#include <string.h>

#include "common/job/codec.h"
#include "common/base/memory.h"
#include "common/job/scan.h"
#include "tests/unit/corpus.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/suites.h"

Suite *differential_suite(void);
Suite *pack_suite(void);

static struct span bytes_of(const struct buf *b)
{
	return (struct span){b->data, b->len};
}

static struct job decode(const char *text, enum codec_fields fields)
{
	struct job j = {0};
	struct codec_error err;
	bool ok = codec_decode(span_of(text), CODEC_BODY_MAX_DEFAULT, fields, &j, &err);
	ck_assert_msg(ok, "%s: byte %zu: %s", text, ok ? 0 : err.offset, ok ? "" : err.reason);
	return j;
}

/* ---- corpus ---- */

START_TEST(valid_documents_are_read_and_args_handed_on_byte_for_byte)
{
	struct corpus c = corpus_read("valid", "args");
	for (size_t i = 0; i < c.count; i++) {
		for (int fields = CODEC_FIELDS_STRICT; fields <= CODEC_FIELDS_LENIENT; fields++) {
			struct job j;
			struct codec_error err;
			struct span body = bytes_of(&c.cases[i].body),
			            want = bytes_of(&c.cases[i].beside);
			if (!codec_decode(body, body.len, (enum codec_fields)fields, &j, &err))
				ck_abort_msg("%s: byte %zu: %s", c.cases[i].name, err.offset,
				             err.reason);
			ck_assert_msg(j.args_len == want.len &&
			                  memcmp(j.args, want.at, want.len) == 0,
			              "%s: args are %s", c.cases[i].name, j.args);
			ck_assert_int_eq(j.args[j.args_len], 0);
			job_finish(&j);
		}
	}
	corpus_finish(&c);
}
END_TEST

static void expect_refusal(const struct corpus_case *k, enum codec_fields fields)
{
	struct job j = {.timeout_ms = 42};
	struct codec_error err = {.offset = 99999};
	char *reason;
	size_t offset = strtoul(k->beside.data, &reason, 10);
	size_t len = strcspn(++reason, "\n");
	memory_fail_from(0);
	bool taken = codec_decode(bytes_of(&k->body), CODEC_BODY_MAX_DEFAULT, fields, &j, &err);
	long live = memory_live();
	ck_assert_msg(!taken, "%s was taken", k->name);
	ck_assert_msg(live == 0, "%s: %ld allocations are lost", k->name, live);
	ck_assert_msg(err.offset == offset, "%s: at byte %zu, not %zu (%s)", k->name, err.offset,
	              offset, err.reason);
	ck_assert_msg(len > 8 && strncmp(err.reason, reason, len) == 0,
	              "%s: \"%s\" does not begin with \"%.*s\"", k->name, err.reason, (int)len,
	              reason);
	for (const char *p = err.reason; *p; p++)
		ck_assert_msg(*p >= ' ' && *p <= '~', "%s: the reason holds byte %d", k->name, *p);
	ck_assert_int_eq(j.timeout_ms, 42); /* untouched */
}

START_TEST(invalid_documents_are_refused_where_and_why)
{
	struct corpus c = corpus_read("invalid", "expect");
	for (size_t i = 0; i < c.count; i++) {
		expect_refusal(&c.cases[i], CODEC_FIELDS_STRICT);
		expect_refusal(&c.cases[i], CODEC_FIELDS_LENIENT);
	}
	corpus_finish(&c);
}
END_TEST

START_TEST(unknown_fields_are_refused_by_producers_and_carried_by_workers)
{
	struct corpus c = corpus_read("strict", "expect");
	for (size_t i = 0; i < c.count; i++) {
		struct job j;
		struct codec_error err;
		expect_refusal(&c.cases[i], CODEC_FIELDS_STRICT);
		if (!codec_decode(bytes_of(&c.cases[i].body), 10000, CODEC_FIELDS_LENIENT, &j,
		                  &err))
			ck_abort_msg("%s: byte %zu: %s", c.cases[i].name, err.offset, err.reason);
		job_finish(&j);
	}
	corpus_finish(&c);
}
END_TEST

START_TEST(every_proper_beginning_of_a_document_is_refused)
{
	struct corpus c = corpus_read("valid", "args");
	for (size_t i = 0; i < c.count; i++) {
		struct span body = bytes_of(&c.cases[i].body);
		while (body.len > 0 && strchr(" \t\r\n", body.at[body.len - 1]))
			body.len--;
		for (size_t len = 0; len < body.len; len++) {
			struct scan_value value;
			struct scan_error err;
			/*
			 * The text is on the heap, so that a sanitizer sees a read behind its end.
			 */
			char *beginning = malloc(len ? len : 1);
			ck_assert_ptr_nonnull(beginning);
			memcpy(beginning, body.at, len);
			if (scan_text((struct span){beginning, len}, &value, &err))
				ck_abort_msg("%s: %zu bytes were taken", c.cases[i].name, len);
			if (err.offset > len)
				ck_abort_msg("%s: byte %zu of %zu", c.cases[i].name, err.offset,
				             len);
			free(beginning);
		}
	}
	corpus_finish(&c);
}
END_TEST

START_TEST(a_long_strange_key_is_shown_cut)
{
	for (int pad = 0; pad < 80; pad++) {
		struct buf b = {0};
		struct job j;
		struct codec_error err;
		buf_printf(&b, "{\"%0*d\xc3\xa9\xc3\xa9\xc3\xa9\":1}", pad, 0);
		ck_assert(!codec_decode(bytes_of(&b), b.len, CODEC_FIELDS_STRICT, &j, &err));
		ck_assert_uint_eq(err.offset, 1);
		/* "unknown field ", at most 71 bytes of the key, the advice */
		ck_assert_uint_le(strlen(err.reason), 14 + 71 + 38);
		ck_assert_ptr_nonnull(
		    strstr(err.reason, pad < 39 ? "\\xc3\\xa9\\xc3\\xa9\\xc3\\xa9\" (" : "... ("));
		buf_finish(&b);
		if (pad == 38)
			pad = 49; /* in between it depends on the key */
	}
}
END_TEST

/* ---- fields ---- */

START_TEST(every_field_is_read)
{
	struct job j = decode(
	    "{\"v\":1,\"id\":\"i:1\",\"type\":\"t\",\"created_at\":\"2026-11-24T09:08:00.123Z\","
	    "\"not_before\":\"2026-11-24T09:08:01Z\",\"expires_at\":\"2026-11-24T09:08:02Z\","
	    "\"timeout_ms\":77,"
	    "\"retry\":{\"max_attempts\":7,\"backoff\":{\"kind\":\"linear\",\"base_ms\":5,\"max_"
	    "ms\":6,"
	    "\"jitter\":0.5}},\"headers\":{\"a\":\"1\",\"\\u00e9\":\"\\ud83d\\ude00\"}}",
	    CODEC_FIELDS_STRICT);
	ck_assert_str_eq(j.id, "i:1");
	ck_assert_str_eq(j.type, "t");
	ck_assert_str_eq(j.args, "null");
	ck_assert_int_eq(j.created_at_ms, 1795511280123);
	ck_assert_int_eq(j.not_before_ms, 1795511281000);
	ck_assert_int_eq(j.expires_at_ms, 1795511282000);
	ck_assert_int_eq(j.timeout_ms, 77);
	ck_assert(j.retry.has_max_attempts && j.retry.max_attempts == 7);
	ck_assert(j.retry.has_kind && j.retry.kind == BACKOFF_LINEAR);
	ck_assert(j.retry.has_base_ms && j.retry.base_ms == 5);
	ck_assert(j.retry.has_max_ms && j.retry.max_ms == 6);
	ck_assert(j.retry.has_jitter && j.retry.jitter == 0.5);
	ck_assert_uint_eq(j.header_count, 2);
	ck_assert_str_eq(j.headers[0].name, "a");
	ck_assert_str_eq(j.headers[0].value, "1");
	ck_assert_str_eq(j.headers[1].name, "\xc3\xa9");
	ck_assert_str_eq(j.headers[1].value, "\xf0\x9f\x98\x80");
	job_finish(&j);
}
END_TEST

START_TEST(what_is_omitted_is_absent)
{
	struct job j = decode("{\"type\":\"t\"}", CODEC_FIELDS_STRICT);
	ck_assert_ptr_null(j.id);
	ck_assert_str_eq(j.args, "null");
	ck_assert_int_eq(j.created_at_ms, CLOCK_NEVER);
	ck_assert_int_eq(j.not_before_ms, CLOCK_NEVER);
	ck_assert_int_eq(j.expires_at_ms, CLOCK_NEVER);
	ck_assert_int_eq(j.timeout_ms, 0);
	ck_assert(!j.retry.has_max_attempts && !j.retry.has_kind && !j.retry.has_base_ms &&
	          !j.retry.has_max_ms && !j.retry.has_jitter);
	ck_assert_uint_eq(j.header_count, 0);
	job_finish(&j);
}
END_TEST

START_TEST(a_document_over_the_limit_is_refused_unread)
{
	struct job j;
	struct codec_error err;
	ck_assert(!codec_decode(span_of("{\"type\":\"t\"} "), 12, CODEC_FIELDS_STRICT, &j, &err));
	ck_assert_str_eq(err.reason, "13 bytes are over the limit of 12");
	ck_assert(!codec_decode((struct span){NULL, 0}, 12, CODEC_FIELDS_STRICT, &j, &err));
}
END_TEST

/* ---- writing ---- */

static void expect_round_trip(const char *text)
{
	struct job j = decode(text, CODEC_FIELDS_STRICT);
	struct buf out = {0};
	ck_assert(codec_encode(&j, &out));
	ck_assert_str_eq(out.data, text);
	buf_finish(&out);
	job_finish(&j);
}

START_TEST(what_is_written_in_our_form_comes_back_the_same)
{
	expect_round_trip("{\"type\":\"t\",\"args\":null}");
	expect_round_trip(
	    "{\"id\":\"i\",\"type\":\"t\",\"args\":[1e2, "
	    "1.50],\"created_at\":\"2026-11-24T09:08:00.123Z\","
	    "\"not_before\":\"2026-11-24T09:08:01.000Z\",\"expires_at\":\"2026-11-24T09:08:02."
	    "000Z\","
	    "\"timeout_ms\":77,\"retry\":{\"max_attempts\":7,\"backoff\":{\"kind\":\"linear\","
	    "\"base_ms\":5,"
	    "\"max_ms\":6,\"jitter\":0.5}},\"headers\":{\"a\\\"\":\"1\\n\",\"b\":\"\xc3\xa9\"}}");
	expect_round_trip("{\"type\":\"t\",\"args\":1,\"retry\":{\"max_attempts\":2}}");
	expect_round_trip("{\"type\":\"t\",\"args\":1,\"retry\":{\"backoff\":{\"base_ms\":2}}}");
	expect_round_trip(
	    "{\"type\":\"t\",\"args\":1,\"retry\":{\"backoff\":{\"max_ms\":2,\"jitter\":1}}}");
	expect_round_trip(
	    "{\"type\":\"t\",\"args\":1,\"retry\":{\"backoff\":{\"jitter\":0.11111111}}}");
	expect_round_trip("{\"type\":\"t\",\"args\":1,\"retry\":{\"backoff\":{\"jitter\":0.1}}}");
	expect_round_trip(
	    "{\"type\":\"t\",\"args\":1,\"retry\":{\"backoff\":{\"jitter\":0.30000000000000004}}}");
	expect_round_trip("{\"type\":\"t\",\"args\":1,\"retry\":{\"backoff\":{\"jitter\":2."
	                  "2250738585072014e-308}}}");
}
END_TEST

START_TEST(a_job_made_by_hand_is_written_without_what_it_lacks)
{
	struct job j = {.type = (char[]){"t"},
	                .created_at_ms = CLOCK_NEVER,
	                .not_before_ms = CLOCK_NEVER,
	                .expires_at_ms = CLOCK_NEVER};
	struct buf out = {0};
	buf_append_text(&out, "> ");
	ck_assert(codec_encode(&j, &out));
	ck_assert_str_eq(out.data, "> {\"type\":\"t\"}");
	buf_finish(&out);
}
END_TEST

START_TEST(a_document_is_completed_in_front)
{
	static const struct {
		const char *in, *id;
		int64_t created_at_ms;
		const char *out;
	} rows[] = {
	    {"{\"type\":\"t\"}", "i", 0,
	     "{\"id\":\"i\",\"created_at\":\"1970-01-01T00:00:00.000Z\",\"type\":\"t\"}"},
	    {" { \"type\" : \"t\"}\n", "i", CLOCK_NEVER, "{\"id\":\"i\", \"type\" : \"t\"}"},
	    {"{\"type\":\"t\"}", NULL, CLOCK_NEVER, "{\"type\":\"t\"}"},
	    {"{\"type\":\"t\",\"id\":\"mine\"}", "i", CLOCK_NEVER,
	     "{\"type\":\"t\",\"id\":\"mine\"}"},
	    {"{\"type\":\"t\",\"\\u0069d\":\"mine\"}", "i", CLOCK_NEVER,
	     "{\"type\":\"t\",\"\\u0069d\":\"mine\"}"},
	    {"{\"created_at\":\"x\"}", "i", 0, "{\"id\":\"i\",\"created_at\":\"x\"}"},
	    {"{\"args\":{\"id\":1}}", "i", CLOCK_NEVER, "{\"id\":\"i\",\"args\":{\"id\":1}}"},
	    {"{ }", "i", CLOCK_NEVER, "{\"id\":\"i\" }"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out = {0};
		ck_assert(
		    codec_complete(span_of(rows[i].in), rows[i].id, rows[i].created_at_ms, &out));
		ck_assert_str_eq(out.data, rows[i].out);
		buf_finish(&out);
	}
	struct buf out = {0};
	ck_assert(!codec_complete(span_of("[1]"), "i", 0, &out));
	ck_assert(!codec_complete(span_of("{"), "i", 0, &out));
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

/* ---- memory ---- */

#define RICH                                                                                       \
	"{\"id\":\"i\",\"\\u0074ype\":\"t\",\"args\":[1],\"retry\":{\"backoff\":{\"kind\":"        \
	"\"fixed\",\"k\\u0065y\":1}}"                                                              \
	","                                                                                        \
	"\"headers\":{\"a\":\"1\",\"b\\u0062\":\"2\",\"c\":\"3\"},\"x-\\u0061\":1,\"x-b\":2}"

START_TEST(memory_that_runs_out_while_reading_is_an_error_and_no_leak)
{
	long nth = 0;
	for (bool ok = false; !ok;) {
		struct job j = {.timeout_ms = 42};
		struct codec_error err = {.reason = ""};
		memory_fail_from(++nth);
		ok = codec_decode(span_of(RICH), 1000, CODEC_FIELDS_LENIENT, &j, &err);
		if (ok)
			job_finish(&j);
		long live = memory_live();
		memory_fail_from(0);
		ck_assert_msg(live == 0, "allocation %ld: %ld are lost", nth, live);
		ck_assert(ok || j.timeout_ms == 42);
		ck_assert_msg(ok || strcmp(err.reason, "out of memory") == 0, "allocation %ld: %s",
		              nth, err.reason);
		ck_assert_int_lt(nth, 1000);
	}
	ck_assert_int_gt(nth, 12); /* fewer would mean that the wrapping does not work */
}
END_TEST

START_TEST(memory_that_runs_out_over_a_duplicate_is_no_duplicate)
{
	bool found = false;
	for (long nth = 1; !found; nth++) {
		struct job j;
		struct codec_error err = {.reason = ""};
		memory_fail_from(nth);
		bool ok = codec_decode(span_of("{\"type\":\"t\",\"\\u0074ype\":\"t\"}"), 1000,
		                       CODEC_FIELDS_STRICT, &j, &err);
		long live = memory_live();
		memory_fail_from(0);
		ck_assert(!ok);
		ck_assert_int_eq(live, 0);
		found = strcmp(err.reason, "duplicate key \"\\u0074ype\"") == 0;
		ck_assert_msg(found || strcmp(err.reason, "out of memory") == 0, "%s", err.reason);
		ck_assert_int_lt(nth, 100);
	}
}
END_TEST

static bool encode_rich(struct buf *out)
{
	struct job_header h = {(char[]){"a"}, (char[]){"1"}};
	char args[600];
	memset(args, '1', sizeof args);
	struct job j = {.id = (char[]){"i"},
	                .type = (char[]){"t"},
	                .args = args,
	                .args_len = sizeof args,
	                .timeout_ms = 1,
	                .created_at_ms = 0,
	                .not_before_ms = 0,
	                .expires_at_ms = 0,
	                .headers = &h,
	                .header_count = 1};
	return codec_encode(&j, out);
}

static bool complete_rich(struct buf *out)
{
	return codec_complete(span_of(RICH), "0193a1b2-c3d4-7abc-8def-0123456789ab", 0, out);
}

START_TEST(args_are_replaced_where_they_stood)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"{\"type\":\"t\",\"args\":[1, 2],\"x-a\":1e2}",
	     "{\"type\":\"t\",\"args\":{\"new\":1},\"x-a\":1e2}"},
	    {" { \"type\" : \"t\" } ", "{\"type\":\"t\",\"args\":{\"new\":1}}"},
	    {"{}", "{\"args\":{\"new\":1}}"},
	    {"{\"\\u0061rgs\":null,\"a\":{\"args\":3},\"sealed\":{\"kid\":\"k\"},\"b\":[]}",
	     "{\"args\":{\"new\":1},\"a\":{\"args\":3},\"b\":[]}"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out = {0};
		ck_assert(codec_replace_args(span_of(rows[i].in), "\"args\"",
		                             span_of("{\"new\":1}"), &out));
		ck_assert_str_eq(out.data, rows[i].out);
		buf_finish(&out);
	}
	struct buf out = {0};
	ck_assert(!codec_replace_args(span_of("[1]"), "\"args\"", span_of("1"), &out));
	ck_assert(!codec_replace_args(span_of("{\"a\":}"), "\"args\"", span_of("1"), &out));
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

static bool replace_rich(struct buf *out)
{
	return codec_replace_args(span_of(RICH), "\"sealed\"", span_of("{}"), out);
}

static bool complete_escaped(struct buf *out)
{
	return codec_complete(span_of("{\"\\u0061\":1}"), "i", 0, out);
}

START_TEST(memory_that_runs_out_while_writing_is_an_error_and_no_leak)
{
	bool (*const writers[])(struct buf *) = {encode_rich, complete_rich, replace_rich,
	                                         complete_escaped};
	for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
		long nth = 0;
		for (bool ok = false; !ok;) {
			struct buf out = {0};
			memory_fail_from(++nth);
			ok = writers[i](&out);
			size_t len = out.len;
			buf_finish(&out);
			long live = memory_live();
			memory_fail_from(0);
			ck_assert_int_eq(live, 0);
			ck_assert(ok == (len > 0));
			ck_assert_int_lt(nth, 100);
		}
		ck_assert_int_gt(nth, 2);
	}
}
END_TEST

/* ---- the scanner alone ---- */

START_TEST(members_are_walked_as_spans)
{
	struct scan_value value;
	struct scan_error err;
	struct scan_member m;
	size_t at = 0;
	ck_assert(scan_text(span_of(" {\"a\" : [1, {\"b\":2}] , \"\":\"x\\\"}\"}"), &value, &err));
	ck_assert_int_eq(value.kind, SCAN_OBJECT);
	ck_assert(scan_next_member(value, &at, &m));
	ck_assert(span_equals(m.key, "\"a\""));
	ck_assert_int_eq(m.value.kind, SCAN_ARRAY);
	ck_assert(span_equals(m.value.text, "[1, {\"b\":2}]"));
	ck_assert(scan_next_member(value, &at, &m));
	ck_assert(span_equals(m.key, "\"\""));
	ck_assert_int_eq(m.value.kind, SCAN_STRING);
	ck_assert(span_equals(m.value.text, "\"x\\\"}\""));
	ck_assert(!scan_next_member(value, &at, &m));
	at = 0;
	ck_assert(scan_text(span_of("{ }"), &value, &err));
	ck_assert(!scan_next_member(value, &at, &m));
}
END_TEST

START_TEST(kinds_are_told_by_the_first_byte)
{
	static const struct {
		const char *text;
		enum scan_kind kind;
	} rows[] = {{"{}", SCAN_OBJECT},   {"[]", SCAN_ARRAY}, {"\"\"", SCAN_STRING},
	            {"-1", SCAN_NUMBER},   {"0", SCAN_NUMBER}, {"true", SCAN_TRUE},
	            {"false", SCAN_FALSE}, {"null", SCAN_NULL}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scan_value value;
		struct scan_error err;
		ck_assert(scan_text(span_of(rows[i].text), &value, &err));
		ck_assert_int_eq(value.kind, rows[i].kind);
		ck_assert(span_equals(value.text, rows[i].text));
	}
}
END_TEST

START_TEST(escapes_become_the_bytes_they_stand_for)
{
	struct buf out = {0};
	ck_assert(scan_unescape(
	    span_of("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\u0000z\""),
	    &out));
	ck_assert_uint_eq(out.len, 20);
	ck_assert_mem_eq(out.data, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\0z", 21);
	buf_finish(&out);
}
END_TEST

START_TEST(a_position_counts_lines_and_characters)
{
	static const struct {
		size_t offset, line, column;
	} rows[] = {{0, 1, 1}, {1, 1, 2}, {2, 2, 1}, {4, 2, 2}, {5, 2, 3}, {99, 2, 3}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t line, column;
		scan_position(span_of("a\n\xc3\xa9x"), rows[i].offset, &line, &column);
		ck_assert_uint_eq(line, rows[i].line);
		ck_assert_uint_eq(column, rows[i].column);
	}
}
END_TEST

/* Twice the bytes take about twice the time, also in hostile shapes. */
START_TEST(a_large_hostile_document_is_read_in_linear_time)
{
	static const char *const pieces[] = {"[],", "\"\\u0061\",", "{\"a\":0},", "0,"};
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct buf b = {0};
		buf_append_text(&b, "{\"type\":\"t\",\"args\":[");
		while (b.len < 4000000)
			buf_append_text(&b, pieces[i]);
		buf_append_text(&b, "0]}");
		int64_t before = clock_monotonic_ms();
		struct job j;
		struct codec_error err;
		ck_assert(codec_decode(bytes_of(&b), b.len, CODEC_FIELDS_STRICT, &j, &err));
		ck_assert_int_lt(clock_monotonic_ms() - before, 5000);
		ck_assert_uint_eq(j.args_len, b.len - 20);
		job_finish(&j);
		buf_finish(&b);
	}
}
END_TEST

START_TEST(many_long_keys_alike_are_no_quadratic_work)
{
	struct buf b = {0};
	buf_append_text(&b, "{\"type\":\"t\"");
	for (int i = 0; i < 255; i++)
		buf_printf(&b, ",\"\\u0078-%04000d\":0", i);
	buf_append_text(&b, "}");
	int64_t before = clock_monotonic_ms();
	struct job j;
	struct codec_error err;
	ck_assert(codec_decode(bytes_of(&b), b.len, CODEC_FIELDS_STRICT, &j, &err));
	ck_assert_int_lt(clock_monotonic_ms() - before, 2000);
	job_finish(&j);
	buf_finish(&b);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
	    valid_documents_are_read_and_args_handed_on_byte_for_byte,
	    invalid_documents_are_refused_where_and_why,
	    unknown_fields_are_refused_by_producers_and_carried_by_workers,
	    every_proper_beginning_of_a_document_is_refused,
	    a_long_strange_key_is_shown_cut,
	    every_field_is_read,
	    what_is_omitted_is_absent,
	    a_document_over_the_limit_is_refused_unread,
	    what_is_written_in_our_form_comes_back_the_same,
	    a_job_made_by_hand_is_written_without_what_it_lacks,
	    a_document_is_completed_in_front,
	    memory_that_runs_out_while_reading_is_an_error_and_no_leak,
	    memory_that_runs_out_over_a_duplicate_is_no_duplicate,
	    args_are_replaced_where_they_stood,
	    memory_that_runs_out_while_writing_is_an_error_and_no_leak,
	    members_are_walked_as_spans,
	    kinds_are_told_by_the_first_byte,
	    escapes_become_the_bytes_they_stand_for,
	    a_position_counts_lines_and_characters,
	    a_large_hostile_document_is_read_in_linear_time,
	    many_long_keys_alike_are_no_quadratic_work,
	    NULL,
	};
	SRunner *runner = srunner_create(suite_of("codec", tests));
	srunner_add_suite(runner, differential_suite());
	srunner_add_suite(runner, pack_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
