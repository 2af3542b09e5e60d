/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests pack: documents come out of one the same to the byte, and a text that is no pack is refused
 * as a whole.
 */
#include <stdlib.h>
#include <string.h>

#include "common/job/headers.h"
#include "common/base/memory.h"
#include "common/job/pack.h"
#include "tests/unit/corpus.h"
#include "tests/unit/suites.h"

Suite *pack_suite(void);

static struct span found[PACK_JOBS_MAX];

static struct span bytes_of(const struct buf *b)
{
	return (struct span){b->data, b->len};
}

static size_t split(const char *text)
{
	struct codec_error err;
	size_t count = 0;
	if (!pack_split(span_of(text), 1 << 20, found, &count, &err))
		ck_abort_msg("%s: byte %zu: %s", text, err.offset, err.reason);
	return count;
}

static void expect_refusal(const char *text, size_t offset, const char *reason)
{
	struct codec_error err = {0};
	size_t count = 7;
	ck_assert_msg(!pack_split(span_of(text), 1 << 20, found, &count, &err), "%s is taken",
	              text);
	ck_assert_msg(err.offset == offset && strcmp(err.reason, reason) == 0, "%s: byte %zu: %s",
	              text, err.offset, err.reason);
	ck_assert_uint_eq(count, 7);
}

/* This holds however deep they are nested and whatever their strings hold. */
START_TEST(every_document_comes_out_as_it_was_put_in)
{
	struct corpus c = corpus_read("valid", "args");
	struct buf body = {0};
	struct codec_error err;
	size_t count;
	for (size_t i = 0; i < c.count; i++) {
		size_t expected = pack_size_with(&body, c.cases[i].body.len);
		pack_add(&body, bytes_of(&c.cases[i].body));
		ck_assert_uint_eq(body.len + 1, expected);
	}
	pack_close(&body);
	ck_assert(pack_split(bytes_of(&body), body.len, found, &count, &err));
	ck_assert_uint_eq(count, c.count);
	for (size_t i = 0; i < c.count; i++) {
		/* without the blanks around it */
		struct job j;
		struct span whole = bytes_of(&c.cases[i].body), want = bytes_of(&c.cases[i].beside);
		ck_assert(memmem(whole.at, whole.len, found[i].at, found[i].len));
		ck_assert(codec_decode(found[i], found[i].len, CODEC_FIELDS_STRICT, &j, &err));
		ck_assert_msg(j.args_len == want.len && memcmp(j.args, want.at, want.len) == 0,
		              "%s: args are %s", c.cases[i].name, j.args);
		job_finish(&j);
	}
	buf_finish(&body);
	corpus_finish(&c);
}
END_TEST

START_TEST(one_that_is_no_job_does_not_hide_the_others)
{
	ck_assert_uint_eq(
	    split(" [ {\"type\":\"a\"} ,\n17,\"x]\\\"[\", tru}e, {], [\"]\", {}], null ] \n"), 7);
	static const char *const want[] = {"{\"type\":\"a\"}", "17",  "\"x]\\\"[\"", "tru}e", "{]",
	                                   "[\"]\", {}]",      "null"};
	for (size_t i = 0; i < 7; i++)
		ck_assert_msg(span_equals(found[i], want[i]), "%zu: %.*s", i, (int)found[i].len,
		              found[i].at);
}
END_TEST

START_TEST(what_is_no_array_is_refused_where_and_why)
{
	expect_refusal("", 0, "expected an array");
	expect_refusal(" {\"type\":\"t\"}", 1, "expected an array");
	expect_refusal("[]", 0, "a pack without a job");
	expect_refusal("[ ] ", 0, "a pack without a job");
	expect_refusal("[", 1, "the text ends inside an object or array");
	expect_refusal("[{}", 3, "the text ends inside an object or array");
	expect_refusal("[{},", 4, "the text ends where a value is expected");
	expect_refusal("[{},]", 4, "expected a value");
	expect_refusal("[,{}]", 1, "expected a value");
	expect_refusal("[{},,{}]", 4, "expected a value");
	expect_refusal("[{} {}]", 4, "expected ',' or ']'");
	expect_refusal("[{}}]", 3, "expected ',' or ']'");
	expect_refusal("[{\"a\":\"]}]", 10, "the text ends inside a string");
	expect_refusal("[{\"a\\", 5, "the text ends inside a string");
	expect_refusal("[{}]x", 4, "something follows the array");
}
END_TEST

START_TEST(too_many_and_too_much_are_refused)
{
	struct buf body = {0};
	struct codec_error err;
	size_t count;
	for (int i = 0; i < PACK_JOBS_MAX; i++)
		pack_add(&body, span_of("{}"));
	struct buf more = {0};
	buf_append(&more, body.data, body.len);
	pack_close(&body);
	ck_assert(pack_split(bytes_of(&body), body.len, found, &count, &err));
	ck_assert_uint_eq(count, PACK_JOBS_MAX);
	ck_assert(!pack_split(bytes_of(&body), body.len - 1, found, &count, &err));
	ck_assert_str_eq(err.reason, "a pack of 3001 bytes is over the limit of 3000");
	pack_add(&more, span_of("{}"));
	pack_close(&more);
	ck_assert(!pack_split(bytes_of(&more), more.len, found, &count, &err));
	ck_assert_str_eq(err.reason, "more than 1000 jobs in a pack");
	buf_finish(&body);
	buf_finish(&more);
}
END_TEST

START_TEST(a_job_leaves_its_pack_with_what_is_its_own)
{
	struct message *pack = message_create();
	pack->content_type = xstrdup(PACK_CONTENT_TYPE);
	pack->app_id = xstrdup("warren");
	pack->message_id = xstrdup("the-pack");
	pack->type = xstrdup("no-type");
	pack->reply_to = xstrdup("somebody");
	pack->correlation_id = xstrdup("7");
	pack->timestamp_s = 1700000000;
	table_set_string(&pack->headers, "traceparent", "00-1");
	headers_set_signature(&pack->headers, "kid", "sig");
	table_add_take(&pack->headers, "warren-sig", (struct field){.kind = 'V'});
	message_set_body(pack, "[{}]", 4);
	ck_assert(pack_is(pack));

	struct message *m = pack_member(pack, span_of("{}"));
	ck_assert(!pack_is(m));
	ck_assert_str_eq(m->content_type, "application/json");
	ck_assert_str_eq(m->app_id, "warren");
	ck_assert_int_eq(m->timestamp_s, 1700000000);
	ck_assert(!m->message_id && !m->type && !m->reply_to && !m->correlation_id);
	ck_assert_str_eq(table_get_text(&m->headers, "traceparent"), "00-1");
	ck_assert(!headers_signature(m).present);
	ck_assert_uint_eq(m->body_len, 2);
	message_destroy(m);

	free(pack->content_type);
	pack->content_type = NULL;
	ck_assert(!pack_is(pack));
	message_destroy(pack);
}
END_TEST

Suite *pack_suite(void)
{
	const TTest *const tests[] = {
	    every_document_comes_out_as_it_was_put_in,  one_that_is_no_job_does_not_hide_the_others,
	    what_is_no_array_is_refused_where_and_why,  too_many_and_too_much_are_refused,
	    a_job_leaves_its_pack_with_what_is_its_own, NULL,
	};
	return suite_of("pack", tests);
}
