/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests a process that runs its jobs in turn and has short ones lying ahead in it. Whatever ends
 * there, each job is its own.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "tests/integration/handling.h"
#include "tests/support/support.h"

enum { QUICK = 200, NAPS = 8 };

static void add_quick(struct buf *lines, const char *path, const char *name)
{
	for (int i = 0; i < QUICK; i++)
		buf_printf(lines, "{\"id\":\"%s-%d\",\"type\":\"quick\",\"args\":\"%s\"}\n", name,
		           i, path);
}

static void add(struct buf *lines, const char *type, int n, const char *timeout_ms)
{
	buf_printf(lines, "{\"id\":\"%s-%d\",\"type\":\"%s\",\"timeout_ms\":%s,\"args\":1}\n", type,
	           n, type, timeout_ms);
}

/* Publishes all jobs, so that they lie in the queue before the worker starts. */
static void publish(const char *q, struct buf *lines)
{
	struct result r = support_producer(support_url(), lines->data, "batch", "-", "-q", q,
	                                   "--progress", "none");
	ck_assert_msg(r.code == 0, "batch: %s", r.err);
	support_result_free(&r);
	buf_finish(lines);
}

static struct process start_worker(const char *q)
{
	cleanup_free char *handler = xprintf("*=plugin:%s", getenv("WARREN_ODD_PLUGIN"));
	return support_worker(support_url(), "-q", q, "-j", "100", "--grace", "1s", "--drain", "1s",
	                      "--log-level", "debug", "--handler", handler, "--with", "children=1");
}

static const struct {
	const char *type, *timeout_ms, *reason;
} ends[] = {{"abort", "60000", "\"reason\":\"crashes\""},
            {"busy", "1000", "\"reason\":\"timeouts\""}};

START_TEST(an_end_is_blamed_on_the_job_that_ran_and_on_none_that_waited)
{
	struct buf lines = {0};
	cleanup_free char *q = queue_name(), *id = xprintf("\"id\":\"%s-1\"", ends[_i].type);
	const char *path = support_path("done");
	add_quick(&lines, path, "before");
	add(&lines, ends[_i].type, 1, ends[_i].timeout_ms);
	add_quick(&lines, path, "behind");
	publish(q, &lines);
	struct process w = start_worker(q);
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, id);
	assert_has(letter, ends[_i].reason);
	support_wait_distinct(path, (size_t)2 * QUICK);
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
	/*
	 * Jobs that had run before the end had been told, and none of them ran again. Jobs that had
	 * waited were not counted.
	 */
	ck_assert_uint_eq(support_lines(path), (size_t)2 * QUICK);
	ck_assert_uint_eq(support_lines_with(path, " 1"), (size_t)2 * QUICK);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 1);
}
END_TEST

START_TEST(a_deadline_counts_from_where_the_job_begins)
{
	struct buf lines = {0};
	cleanup_free char *q = queue_name();
	const char *path = support_path("done");
	add_quick(&lines, path, "quick");
	for (int i = 0; i < NAPS; i++)
		add(&lines, "nap", i, "1500"); /* each 300 ms, together 2.4 s */
	publish(q, &lines);
	struct process w = start_worker(q);
	cleanup_free char *last = xprintf("nap-%d] ok in", NAPS - 1);
	support_wait_log(&w, last);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert(!support_log_has(&w, "its deadline has passed"));
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

START_TEST(a_finished_job_does_not_wait_for_the_long_one_behind_it)
{
	struct buf lines = {0};
	cleanup_free char *q = queue_name();
	const char *path = support_path("done");
	add_quick(&lines, path, "quick");
	add(&lines, "heeds", 1, "600000");
	publish(q, &lines);
	struct process w = start_worker(q);
	cleanup_free char *last = xprintf("quick-%d] ok in", QUICK - 1);
	support_wait_log(&w, last);
	support_wait_log(&w, "heeds-1] starts");
	ck_assert(!support_log_has(&w, "heeds-1] ok"));
	ck_assert_int_eq(support_terminate(&w), 0);
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
}
END_TEST

START_TEST(what_lies_behind_a_job_that_a_drain_stops_does_not_begin)
{
	struct buf lines = {0};
	cleanup_free char *q = queue_name();
	const char *path = support_path("done");
	add_quick(&lines, path, "before");
	add(&lines, "busy", 1, "600000");
	add_quick(&lines, path, "behind");
	publish(q, &lines);
	struct process w = start_worker(q);
	support_wait_log(&w, "busy-1] starts");
	support_wait_lines(path, QUICK);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(path), QUICK);
	support_wait_depth(support_url(), support_amqp(q, ""), QUICK + 1);
}
END_TEST

static Suite *turns_suite(void)
{
	Suite *s = suite_create("turns");
	TCase *c = tcase_create("turns");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, an_end_is_blamed_on_the_job_that_ran_and_on_none_that_waited, 0,
	                    (int)(sizeof ends / sizeof *ends));
	tcase_add_test(c, a_deadline_counts_from_where_the_job_begins);
	tcase_add_loop_test(c, a_finished_job_does_not_wait_for_the_long_one_behind_it, 0,
	                    3); /* the job may lie behind or not */
	tcase_add_test(c, what_lies_behind_a_job_that_a_drain_stops_does_not_begin);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(turns_suite());
}
