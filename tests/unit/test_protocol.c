/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the lines of long-lived handlers, and what an HTTP answer means. */
#include <check.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/base64.h"
#include "common/base/memory.h"
#include "common/base/random.h"
#include "worker/handlers/http_status.h"
#include "worker/handlers/process_usage.h"
#include "worker/handlers/protocol.h"

/* ---- replies ---- */

static const struct {
	const char *line;
	enum reply_kind kind;
	const char *id, *result, *text;
	int64_t number, after_ms;
} good[] = {
    {"{\"ready\":4}", REPLY_READY, "", NULL, "", 4, -1},
    {"{\"ok\":\"a-1\"}", REPLY_OK, "a-1", NULL, "", -1, -1},
    {" {\"result\": [1e2, \"\\u0000\"] ,\"ok\":\"a\"} ", REPLY_OK, "a", "[1e2, \"\\u0000\"]", "",
     -1, -1},
    {"{\"retry\":\"a\",\"after_ms\":30000,\"error\":\"not \\\"yet\\\"\"}", REPLY_RETRY, "a", NULL,
     "not \"yet\"", -1, 30000},
    {"{\"snooze\":\"a\",\"after_ms\":0}", REPLY_SNOOZE, "a", NULL, "", -1, 0},
    {"{\"dead\":\"a\",\"error\":\"x\",\"more\":{}}", REPLY_DEAD, "a", NULL, "x", -1, -1},
    {"{\"progress\":\"a\",\"percent\":40.7,\"note\":\"n\"}", REPLY_PROGRESS, "a", NULL, "n", 40,
     -1},
    {"{\"retry\":\"a\",\"after_ms\":-5}", REPLY_RETRY, "a", NULL, "", -1, -1},
};

START_TEST(a_reply_is_read)
{
	struct reply r;
	const char *why = "";
	ck_assert_msg(protocol_read(span_of(good[_i].line), &r, &why), "%s: %s", good[_i].line,
	              why);
	ck_assert_int_eq(r.kind, good[_i].kind);
	ck_assert_str_eq(r.id, good[_i].id);
	ck_assert_int_eq(r.number, good[_i].number);
	ck_assert_int_eq(r.after_ms, good[_i].after_ms);
	ck_assert(good[_i].result ? span_equals(r.result, good[_i].result) : r.result.at == NULL);
	ck_assert_str_eq(r.text.data ? r.text.data : "", good[_i].text);
	protocol_reply_finish(&r);
}
END_TEST

static const char *const bad[] = {
    "",
    "nonsense",
    "[]",
    "{}",
    "{\"ready\":0}",
    "{\"ready\":\"4\"}",
    "{\"ok\":1}",
    "{\"ok\":\"a b\"}",
    "{\"ok\":\"\"}",
    "{\"o\":\"a\"}",
    "{\"ok\":\"a\"} x",
    "{\"dead\":null}",
};

START_TEST(what_is_no_reply_is_told_so)
{
	struct reply r;
	const char *why = NULL;
	ck_assert_msg(!protocol_read(span_of(bad[_i]), &r, &why), "'%s' was taken", bad[_i]);
	ck_assert_ptr_nonnull(why);
	protocol_reply_finish(&r);
}
END_TEST

START_TEST(who_runs_its_jobs_in_turn_says_so)
{
	static const struct {
		const char *line;
		bool in_turn;
	} lines[] = {{"{\"ready\":9,\"in_turn\":true}", true},
	             {"{\"in_turn\":true,\"ready\":9}", true},
	             {"{\"ready\":9,\"in_turn\":false}", false},
	             {"{\"ready\":9,\"in_turn\":1}", false},
	             {"{\"ready\":9}", false}};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct reply r;
		const char *why;
		ck_assert(protocol_read(span_of(lines[i].line), &r, &why));
		ck_assert_int_eq(r.kind, REPLY_READY);
		ck_assert_int_eq(r.number, 9);
		ck_assert_msg(r.in_turn == lines[i].in_turn, "%s", lines[i].line);
		protocol_reply_finish(&r);
	}
}
END_TEST

START_TEST(usage_in_a_reply_is_read)
{
	struct reply r;
	const char *why;
	ck_assert(protocol_read(span_of("{\"ok\":\"a\",\"usage\":{\"cpu_user_us\":5,\"cpu_system_"
	                                "us\":6,\"max_rss_kib\":7}}"),
	                        &r, &why));
	ck_assert(r.cpu_user_us == 5 && r.cpu_system_us == 6 && r.max_rss_kib == 7);
	protocol_reply_finish(&r);
}
END_TEST

/* ---- requests ---- */

START_TEST(a_document_travels_as_it_is_in_one_line)
{
	static const char document[] = "{\"type\":\"t\",\r\n\"args\":1e2}";
	struct job j = {.id = (char *)"i", .type = (char *)"t"};
	struct run_request q = {.job = &j,
	                        .document = {document, sizeof document - 1},
	                        .queue = "mail",
	                        .attempt = 2,
	                        .max_attempts = 5};
	struct buf out = {0};
	protocol_write_request(&out, &q);
	ck_assert_str_eq(out.data, "{\"id\":\"i\",\"type\":\"t\",\"attempt\":2,\"max_attempts\":5,"
	                           "\"deadline\":\"1970-01-01T00:00:00.000Z\","
	                           "\"queue\":\"mail\",\"job\":{\"type\":\"t\",  \"args\":1e2}}\n");
	buf_clear(&out);
	q.raw = true;
	q.document = span_of("any\n");
	protocol_write_request(&out, &q);
	ck_assert_ptr_nonnull(strstr(out.data, ",\"body_b64\":\"YW55Cg==\"}\n"));
	buf_clear(&out);
	protocol_write_cancel(&out, "i", "timeout");
	ck_assert_str_eq(out.data, "{\"cancel\":\"i\",\"why\":\"timeout\"}\n");
	buf_finish(&out);
}
END_TEST

START_TEST(base64_comes_back_as_it_went)
{
	static const char bytes[] = "\0\1\2\xff\xfe any";
	for (size_t len = 0; len < sizeof bytes; len++) {
		struct buf text = {0}, back = {0};
		base64_encode(&text, (struct span){bytes, len});
		ck_assert(
		    base64_decode(&back, (struct span){text.data ? text.data : "", text.len}));
		ck_assert_uint_eq(back.len, len);
		ck_assert(len == 0 || memcmp(back.data, bytes, len) == 0);
		buf_finish(&text);
		buf_finish(&back);
	}
	struct buf out = {0};
	static const char *const wrong[] = {"abc",   "ab!=",     "a===", "====",  "=abc",   "ab=c",
	                                    "abcd=", "YQ==YQ==", " YQ=", "YQ\n=", "YWI\xe3"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_msg(!base64_decode(&out, span_of(wrong[i])), "%s", wrong[i]);
	buf_finish(&out);
}
END_TEST

START_TEST(base64_is_as_openssl_writes_and_reads_it)
{
	char bytes[200];
	unsigned char theirs[300], back[300];
	for (size_t len = 1; len <= sizeof bytes; len++) {
		struct buf ours = {0}, ours_back = {0};
		random_bytes(bytes, len);
		base64_encode(&ours, (struct span){bytes, len});
		int n = EVP_EncodeBlock(theirs, (const unsigned char *)bytes, (int)len);
		ck_assert_uint_eq(ours.len, (size_t)n);
		ck_assert_mem_eq(ours.data, theirs, ours.len);
		ck_assert_int_ge(EVP_DecodeBlock(back, theirs, n), (int)len);
		ck_assert(base64_decode(&ours_back, (struct span){ours.data, ours.len}));
		ck_assert_uint_eq(ours_back.len, len);
		ck_assert_mem_eq(ours_back.data, back, len);
		buf_finish(&ours);
		buf_finish(&ours_back);
	}
}
END_TEST

/* ---- HTTP ---- */

START_TEST(every_status_has_its_verdict)
{
	for (long status = 100; status < 600; status++) {
		enum verdict v = http_status_verdict(status);
		bool dead = status == 400 || status == 410 || status == 413 || status == 415 ||
		            status == 422;
		ck_assert_int_eq(v, status / 100 == 2 ? VERDICT_OK
		                    : dead            ? VERDICT_DEAD
		                                      : VERDICT_RETRY);
	}
}
END_TEST

START_TEST(a_service_that_is_not_there_is_not_the_jobs_fault)
{
	ck_assert_int_eq(http_failure_verdict(CURLE_COULDNT_CONNECT), VERDICT_UNRUNNABLE);
	ck_assert_int_eq(http_failure_verdict(CURLE_COULDNT_RESOLVE_HOST), VERDICT_UNRUNNABLE);
	ck_assert_int_eq(http_failure_verdict(CURLE_PEER_FAILED_VERIFICATION), VERDICT_UNRUNNABLE);
	ck_assert_int_eq(http_failure_verdict(CURLE_RECV_ERROR), VERDICT_RETRY);
	ck_assert_int_eq(http_failure_verdict(CURLE_GOT_NOTHING), VERDICT_RETRY);
}
END_TEST

START_TEST(no_header_can_be_smuggled_in)
{
	ck_assert(http_header_safe("00-4bf92f-01 ~!"));
	ck_assert(!http_header_safe("a\r\nX: y") && !http_header_safe("a\nb") &&
	          !http_header_safe("\x7f"));
	ck_assert(!http_header_safe("gr\xc3\xbc\xc3\x9f"));
}
END_TEST

/* ---- usage ---- */

START_TEST(a_process_knows_what_it_has_used)
{
	struct process_usage u;
	ck_assert(process_usage_read(getpid(), &u));
	ck_assert(u.rss_kib > 100 && u.cpu_user_ms >= 0 && u.cpu_system_ms >= 0);
	ck_assert(!process_usage_read(0x7ffffff0, &u));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("protocol");
	TCase *c = tcase_create("protocol");
	tcase_add_loop_test(c, a_reply_is_read, 0, (int)(sizeof good / sizeof *good));
	tcase_add_loop_test(c, what_is_no_reply_is_told_so, 0, (int)(sizeof bad / sizeof *bad));
	tcase_add_test(c, usage_in_a_reply_is_read);
	tcase_add_test(c, who_runs_its_jobs_in_turn_says_so);
	tcase_add_test(c, a_document_travels_as_it_is_in_one_line);
	tcase_add_test(c, base64_comes_back_as_it_went);
	tcase_add_test(c, base64_is_as_openssl_writes_and_reads_it);
	tcase_add_test(c, every_status_has_its_verdict);
	tcase_add_test(c, a_service_that_is_not_there_is_not_the_jobs_fault);
	tcase_add_test(c, no_header_can_be_smuggled_in);
	tcase_add_test(c, a_process_knows_what_it_has_used);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
