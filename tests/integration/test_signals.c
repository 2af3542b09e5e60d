/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what a running worker is told from outside, and what it tells systemd. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/job/headers.h"
#include "common/base/memory.h"
#include "tests/integration/handling.h"
#include "tests/support/support.h"

START_TEST(draining_finishes_what_runs_and_gives_back_the_rest)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body =
	    xprintf("echo start >>'%s'; until [ -e '%s' ]; do sleep 0.05; done; echo end >>'%s'",
	            record, go, record);
	for (int i = 0; i < 5; i++)
		send_as(q, "t", "1");
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "2", "--", support_script("h", body));
	support_wait_lines(record, 2);
	kill(w.pid, SIGTERM);
	support_wait_log(&w, "draining");
	fclose(fopen(go, "we"));
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_lines(record), 4);
	support_wait_depth(support_url(), support_amqp(q, ""), 3);
}
END_TEST

START_TEST(a_drain_deadline_returns_jobs_uncounted)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("echo start >>'%s'; exec sleep 300", record);
	send_as(q, "t", "1");
	struct process w = support_worker(support_url(), "-q", q, "--drain", "100ms", "--grace",
	                                  "100ms", "--", support_script("h", body));
	support_wait_lines(record, 1);
	ck_assert_int_eq(support_terminate(&w), 0);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	int64_t n = 0;
	ck_assert(table_get_int(&m->headers, "warren-returns", &n));
	ck_assert_int_eq(n, 1);
	ck_assert_ptr_null(table_get(&m->headers, "warren-attempt"));
	ck_assert_uint_eq(headers_delivery_count(m), 0);
	message_destroy(m);
}
END_TEST

/* It took the guardian over ten seconds to stop so many once, and their jobs were left to the
 * broker. */
START_TEST(a_drain_deadline_returns_the_jobs_of_many_handlers)
{
	enum { JOBS = 150 };
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("echo $JOB_ID >>'%s'; exec sleep 300", record);
	struct buf lines = {0};
	for (int i = 0; i < JOBS; i++)
		buf_append_text(&lines, "1\n");
	struct result r = support_producer(support_url(), lines.data, "batch", "t", "-q", q);
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	buf_finish(&lines);
	struct process w = support_worker(support_url(), "-q", q, "-j", "150", "--drain", "100ms",
	                                  "--grace", "2s", "--", support_script("h", body));
	support_wait_distinct(record, JOBS);
	ck_assert_int_eq(support_terminate(&w), 0);
	support_wait_depth(support_url(), support_amqp(q, ""), JOBS);
}
END_TEST

START_TEST(pausing_stops_consuming_and_continuing_goes_on)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "--", "/bin/true");
	support_wait_log(&w, "consuming from");
	kill(w.pid, SIGTSTP);
	support_wait_log(&w, "consuming is paused");
	send_as(q, "t", "1");
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
	kill(w.pid, SIGCONT);
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(hup_opens_the_log_anew_and_reads_the_settings_again_below_the_command_line)
{
	cleanup_free char *q = queue_name();
	const char *log = support_path("hup.log"), *moved = support_path("hup.log.1"),
	           *config = support_path("hup.cfg");
	FILE *f = fopen(config, "we");
	fputs("grace = \"1s\"; log_level = \"info\";\n", f);
	fclose(f);
	struct process w =
	    support_worker(support_url(), "-q", q, "--config", config, "--log-file", log,
	                   "--log-level", "debug", "--", support_script("h", "exit 0"));
	support_wait_lines(log, 2);
	ck_assert_int_eq(rename(log, moved), 0);
	f = fopen(config, "we");
	fputs("grace = \"2s\"; log_level = \"error\";\n", f);
	fclose(f);
	kill(w.pid, SIGHUP);
	support_wait_lines(log, 1); /* an info line: --log-level of the command line still holds */
	f = fopen(config, "we");
	fputs("grace = \"soon\";\n", f);
	fclose(f);
	kill(w.pid, SIGHUP);
	support_wait(support_lines_with(log, "settings stay as they are") > 0,
	             "the log to tell of wrong settings");
	ck_assert_uint_eq(support_lines_with(log, "hup.cfg:1: grace wants a time"), 1);
	send_as(q, "t", "1");
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_second_interrupt_stops_at_once_and_gives_the_job_back)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("echo x >>'%s'; sleep 300", record);
	struct process w = support_worker(support_url(), "-q", q, "--drain", "10m", "--grace",
	                                  "100ms", "--", support_script("h", body));
	send_as(q, "t", "1");
	support_wait_lines(record, 1);
	kill(w.pid, SIGINT);
	support_wait_log(&w, "draining");
	kill(w.pid, SIGINT);
	ck_assert_int_eq(support_wait_exit(&w), 130);
	w = support_worker(support_url(), "-q", q, "--once", "--", "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 0);
}
END_TEST

START_TEST(systemd_is_told_ready_alive_and_stopping)
{
	cleanup_free char *q = queue_name();
	const char *path = support_path("notify");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	setenv("WATCHDOG_USEC", "200000", 1);
	struct process w = support_worker(support_url(), "-q", q, "--", "/bin/true");
	char seen[4096] = "";
	size_t used = 0;
	while (!strstr(seen, "READY=1") || !strstr(seen, "WATCHDOG=1")) {
		ssize_t n = recv(fd, seen + used, sizeof seen - used - 1,
		                 0); /* the test's own deadline bounds it */
		ck_assert_int_gt(n, 0);
		used += (size_t)n;
	}
	kill(w.pid, SIGTERM);
	for (seen[0] = 0; !strstr(seen, "STOPPING=1");) {
		ssize_t n = recv(fd, seen, sizeof seen - 1, 0);
		ck_assert_int_gt(n, 0);
		seen[n] = 0;
	}
	ck_assert_int_eq(support_wait_exit(&w), 0);
	close(fd);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
}
END_TEST

START_TEST(systemd_is_told_of_a_handler_that_is_paused)
{
	cleanup_free char *q = queue_name();
	const char *path = support_path("notify"), *script = support_script("gone", "exit 0");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	struct process w = support_worker(support_url(), "-q", q, "--", script);
	support_wait_log(&w, "consuming from");
	ck_assert_int_eq(unlink(script), 0);
	send_as(q, "t", "1");
	char seen[4096] = "";
	while (!strstr(seen, "STATUS=handler '*' cannot be started")) {
		ssize_t n =
		    recv(fd, seen, sizeof seen - 1, 0); /* the test's own deadline bounds it */
		ck_assert_int_gt(n, 0);
		seen[n] = 0;
	}
	unsetenv("NOTIFY_SOCKET");
	close(fd);
	kill(w.pid, SIGTERM);
	ck_assert_int_eq(support_wait_exit(&w), 0);
}
END_TEST

static Suite *signals_suite(void)
{
	Suite *s = suite_create("signals");
	TCase *c = tcase_create("signals");
	tcase_add_test(c, draining_finishes_what_runs_and_gives_back_the_rest);
	tcase_add_test(c, a_drain_deadline_returns_jobs_uncounted);
	tcase_add_test(c, a_drain_deadline_returns_the_jobs_of_many_handlers);
	tcase_add_test(c, pausing_stops_consuming_and_continuing_goes_on);
	tcase_add_test(c,
	               hup_opens_the_log_anew_and_reads_the_settings_again_below_the_command_line);
	tcase_add_test(c, a_second_interrupt_stops_at_once_and_gives_the_job_back);
	tcase_add_test(c, systemd_is_told_ready_alive_and_stopping);
	tcase_add_test(c, systemd_is_told_of_a_handler_that_is_paused);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(signals_suite());
}
