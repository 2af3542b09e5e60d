/* SPDX-License-Identifier: Apache-2.0 */
/* Tests a producer that waits for its job (--wait), and what it is told. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "tests/integration/handling.h"
#include "tests/support/support.h"

START_TEST(who_waits_gets_result_log_and_verdict)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(
	    support_url(), "-q", q, "--",
	    support_script(
	        "h", "read -r n; echo \"working on $n\" >&2\n"
	             "case $n in 1) echo '{\"sum\": 1}';; 2) exit 65;; 3) printf '\\001\\377';;\n"
	             "4) [ $JOB_ATTEMPT -gt 1 ] || exit 75; echo 4;; esac"));
	struct result r =
	    support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 0);
	ck_assert_str_eq(r.out, "{\"sum\":1}\n");
	assert_has(r.err, "working on 1\n");
	support_result_free(&r);
	r = support_producer(support_url(), NULL, "send", "t", "2", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 1);
	assert_has(r.err, "dead (rejected): exit 65: working on 2");
	support_result_free(&r);
	r = support_producer(support_url(), NULL, "send", "t", "3", "-q", q, "--wait");
	ck_assert_int_eq(r.code, 0);
	ck_assert_str_eq(r.out, "\001\377");
	support_result_free(&r);
	r = support_producer(support_url(), NULL, "send", "t", "4", "-q", q, "--wait=20s",
	                     "--backoff", "fixed:100ms");
	ck_assert_int_eq(r.code, 0);
	assert_has(r.err, "retry, again in ");
	ck_assert_str_eq(r.out, "4\n");
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_batch_that_waits_prints_a_line_for_each_end)
{
	cleanup_free char *q = queue_name();
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "4", "--",
	                   support_script("h", "read -r n; [ $n != 7 ] || exit 65; echo $n"));
	struct result r = support_producer(support_url(), "1\n2\n3\n4\n5\n6\n7\n8\n", "batch", "t",
	                                   "-q", q, "--wait");
	ck_assert_int_eq(r.code, 1);
	assert_has(r.err, "confirmed 8");
	assert_has(r.out, "\"reason\":\"rejected\"");
	assert_has(r.out, "\"result\":8");
	assert_has(r.out, "\"correlation_id\":\"8\"");
	size_t lines = 0;
	for (const char *c = r.out; *c; c++)
		lines += *c == '\n';
	ck_assert_uint_eq(lines, 8);
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(who_waits_too_long_is_told_and_the_job_goes_on)
{
	cleanup_free char *q = queue_name();
	struct result r =
	    support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=300ms");
	ck_assert_int_eq(r.code, 124);
	assert_has(r.err, "no result within the time; the job ");
	support_result_free(&r);
	/* Nobody waits any more. The worker runs the job all the same, and loses nothing. */
	struct process w = support_worker(support_url(), "-q", q, "--once", "--", "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), "warren.v1.unroutable"), 0);
}
END_TEST

START_TEST(who_waits_and_loses_the_connection_is_told_the_id)
{
	cleanup_free char *q = queue_name();
	const char *argv[] = {getenv("WARREN_PRODUCER"),
	                      "send",
	                      "t",
	                      "1",
	                      "-q",
	                      q,
	                      "--id",
	                      "lost-one",
	                      "--wait",
	                      NULL};
	struct process p = support_start(support_url(), argv);
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
	/* The management API shows a connection a few seconds after it was made. */
	cleanup_free char *pid = xprintf(":%d", (int)p.pid);
	support_wait(support_close_connections(support_mgmt_url(), pid) > 0,
	             "a connection to close");
	ck_assert_int_eq(support_wait_exit(&p), 75);
	support_wait_log(&p, "lost-one: the connection was lost while waiting");
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 1);
}
END_TEST

START_TEST(progress_of_a_process_reaches_who_waits)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	struct process w = support_worker(support_url(), "-q", q, "--handler", handler);
	struct result r =
	    support_producer(support_url(), NULL, "send", "progress", "1", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 0);
	assert_has(r.err, " % on the way");
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

static Suite *waiting_suite(void)
{
	Suite *s = suite_create("waiting");
	TCase *c = tcase_create("waiting");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, who_waits_gets_result_log_and_verdict);
	tcase_add_test(c, a_batch_that_waits_prints_a_line_for_each_end);
	tcase_add_test(c, who_waits_too_long_is_told_and_the_job_goes_on);
	tcase_add_test(c, who_waits_and_loses_the_connection_is_told_the_id);
	tcase_add_test(c, progress_of_a_process_reaches_who_waits);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(waiting_suite());
}
