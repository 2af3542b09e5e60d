/* SPDX-License-Identifier: Apache-2.0 */
/* Tests handlers of every kind through the real worker, above all those that misbehave. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/memory.h"
#include "tests/integration/handling.h"
#include "tests/support/support.h"

static char *odd_plugin(void)
{
	return xprintf("*=plugin:%s", getenv("WARREN_ODD_PLUGIN"));
}

/* A handler that heeds its deadline must have started by then. */
static const char *timeout_for(const char *type, const char *reason)
{
	return strcmp(reason, "timeouts") != 0 ? "60s" : strcmp(type, "heeds") == 0 ? "5s" : "1s";
}

/*
 * Checks that a job of that type ends dead for the reason, with words in its box, and that another
 * job is done all the same.
 */
static void expect_dead(const char *handler, const char *type, const char *reason,
                        const char *words)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "-j", "2", "--grace", "1s",
	                                  "--handler", handler);
	send_within(q, type, "1", timeout_for(type, reason));
	cleanup_free char *letter = dead_letter(q);
	cleanup_free char *wanted = xprintf("\"reason\":\"%s\"", reason);
	assert_has(letter, wanted);
	assert_has(letter, words);
	send_as(q, "fine", "2");
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}

/* Checks that a job of that type is done, and that the log has the words. */
static void expect_done(const char *handler, const char *type, const char *words)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "-j", "2", "--handler", handler);
	send_as(q, type, "[1,2]");
	support_wait_log(&w, "ok in");
	if (words)
		support_wait_log(&w, words);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}

/* ---- process ---- */

static const struct {
	const char *type, *reason, *words;
} bad_processes[] = {
    {"exits", "crashes", "ended (exit 3) while it held the job"},
    {"segv", "crashes", "killed by SIGSEGV"},
    {"nonsense", "crashes", "it wrote a line that is not a valid reply"},
    {"unknown", "crashes", "a reply for a job that it does not hold"},
    {"huge", "crashes", "a reply that is too long"},
    {"closes", "crashes", "it closed its output"},
    {"deaf", "timeouts", "\"verdict\":\"timeout\""},
    {"busy", "timeouts", "\"verdict\":\"timeout\""},
    {"heeds", "timeouts", "gave up: timeout"},
    {"hopeless", "rejected", "no use"},
};

START_TEST(a_process_that_misbehaves_is_the_jobs_end_and_nobody_elses)
{
	cleanup_free char *handler = odd_process();
	expect_dead(handler, bad_processes[_i].type, bad_processes[_i].reason,
	            bad_processes[_i].words);
}
END_TEST

static const struct {
	const char *type, *words;
} good_processes[] = {
    {"fine", "ok in"},     {"prints", "stray "},
    {"progress", "ok in"}, {"again", "retry: not yet; again in"},
    {"later", "snooze"},   {"leaves", "ok in"},
};

START_TEST(a_process_does_its_jobs)
{
	cleanup_free char *handler = odd_process();
	setenv("SEEN", support_dir(), 1);
	expect_done(handler, good_processes[_i].type, good_processes[_i].words);
}
END_TEST

START_TEST(a_second_reply_is_a_fault_that_costs_no_job)
{
	cleanup_free char *handler = odd_process();
	expect_done(handler, "twice", "a reply for a job that it does not hold");
}
END_TEST

START_TEST(a_process_that_announces_it_has_several_jobs_at_once_and_replies_in_any_order)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	setenv("READY", "2", 1);
	const char *config = support_path("one-child.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f, "handlers = ( { type = \"*\"; run = \"%s\"; children = 1; } );\n",
	        strchr(handler, '=') + 1);
	fclose(f);
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "4", "--config", config, "--count", "3");
	send_as(q, "fine", "1"); /* so that it has announced itself */
	support_wait_log(&w, "ok in");
	send_as(q, "pair", "1");
	send_as(q, "pair", "2"); /* the first one's reply comes after this one's */
	ck_assert_int_eq(support_wait_exit(&w), 0);
	unsetenv("READY");
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

START_TEST(another_jobs_deadline_costs_nothing)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	setenv("READY", "2", 1);
	const char *config = support_path("one-child.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f, "handlers = ( { type = \"*\"; run = \"%s\"; children = 1; } );\n",
	        strchr(handler, '=') + 1);
	fclose(f);
	struct process w = support_worker(support_url(), "-q", q, "-j", "4", "--grace", "100ms",
	                                  "--config", config);
	send_as(q, "fine", "1");
	support_wait_log(&w, "ok in");
	struct result r = support_producer(support_url(), NULL, "send", "pair", "1", "-q",
	                                   q); /* waits for a second one */
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	send_within(q, "deaf", "1", "1s");
	support_wait_log(
	    &w, "returned: its handler process was ended because of another job's deadline");
	unsetenv("READY");
	kill(w.pid, SIGKILL);
	support_wait_exit(&w);
}
END_TEST

START_TEST(a_process_is_replaced_after_so_many_jobs_and_told_to_finish)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	const char *config = support_path("recycle.cfg"), *ended = support_path("ended");
	FILE *f = fopen(config, "we");
	fprintf(f,
	        "handlers = ( { type = \"*\"; run = \"%s\"; children = 1; recycle_jobs = 3; } );\n",
	        strchr(handler, '=') + 1);
	fclose(f);
	setenv("ENDED", ended, 1);
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "1", "--config", config, "--count", "7");
	for (int i = 0; i < 7; i++)
		send_as(q, "fine", "1");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	unsetenv("ENDED");
	support_wait_lines(ended, 3); /* after the third, the sixth, and at the end */
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

START_TEST(a_process_that_crashes_and_crashes_is_paused_and_its_queue_rests)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	struct process w = support_worker(support_url(), "-q", q, "-j", "1", "--handler", handler);
	for (int i = 0; i < 2; i++)
		send_as(q, "exits", "1");
	support_wait_log(&w, "crashes again and again: paused for 1 s");
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 2);
	send_as(q, "fine", "1");
	support_wait_log(&w, "ok in");
	support_wait_log(&w, "handler '*' works again");
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_process_that_cannot_be_started_returns_its_jobs_uncounted)
{
	cleanup_free char *q = queue_name();
	const char *script = support_script("gone.sh", "while read -r l <&3; do :; done");
	cleanup_free char *handler = xprintf("*=process:%s", script);
	struct process w = support_worker(support_url(), "-q", q, "--handler", handler);
	support_wait_log(&w, "consuming from");
	unlink(script);
	send_as(q, "fine", "1");
	support_wait_log(&w, "cannot be started");
	kill(w.pid, SIGTERM);
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

START_TEST(two_jobs_of_one_id_never_meet_in_one_process)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	setenv("READY", "8", 1);
	for (int i = 0; i < 6; i++) {
		struct result r = support_producer(support_url(), NULL, "send", "fine", "1", "-q",
		                                   q, "--id", "same");
		ck_assert_int_eq(r.code, 0);
		support_result_free(&r);
	}
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "6", "--handler", handler, "--count", "6");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	unsetenv("READY");
	ck_assert(!support_log_has(&w, "is ended"));
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

/*
 * A busy process's replies are not read at once. Those that lie there when it dies count all the
 * same.
 */
START_TEST(what_a_busy_process_said_before_it_was_killed_counts)
{
	enum { JOBS = 2000 };
	cleanup_free char *q = queue_name();
	cleanup_free char *handler =
	    xprintf("*=process:%s/tests/handlers/quick.py", getenv("WARREN_SOURCE"));
	const char *runs = support_path("runs");
	struct buf lines = {0};
	for (int i = 0; i < JOBS; i++)
		buf_printf(&lines, "{\"id\":\"%d\",\"type\":\"t\"}\n", i);
	struct result r = support_producer(support_url(), lines.data, "batch", "-", "-q", q,
	                                   "--progress", "none");
	ck_assert_msg(r.code == 0, "batch: %s", r.err);
	support_result_free(&r);
	buf_finish(&lines);
	setenv("RUNS", runs, 1);
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "1000", "--handler", handler, "--with",
	                   "children=1", "--with", "environment=RUNS");
	unsetenv("RUNS");
	support_wait_distinct(runs, JOBS);
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert(support_log_has(&w, "killed by SIGKILL"));
	ck_assert_uint_eq(support_lines(runs), JOBS);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

START_TEST(a_handler_of_four_lines_in_shell_is_enough)
{
	const char *script = support_script("four.sh", "while read -r line <&3; do\n"
	                                               "id=${line#*'\"id\":\"'}; id=${id%%'\"'*}\n"
	                                               "printf '{\"ok\":\"%s\"}\\n' \"$id\" >&4\n"
	                                               "done");
	cleanup_free char *handler = xprintf("*=process:%s", script);
	expect_done(handler, "t", NULL);
}
END_TEST

START_TEST(the_protocol_can_be_on_stdin_and_stdout)
{
	cleanup_free char *q = queue_name();
	const char *script = support_script("stdio.sh", "while read -r line; do\n"
	                                                "id=${line#*'\"id\":\"'}; id=${id%%'\"'*}\n"
	                                                "echo on stderr >&2\n"
	                                                "printf '{\"ok\":\"%s\"}\\n' \"$id\"\n"
	                                                "done");
	const char *config = support_path("stdio.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f, "handlers = ( { type = \"*\"; run = \"process:%s\"; stdio = true; } );\n",
	        script);
	fclose(f);
	struct process w = support_worker(support_url(), "-q", q, "--config", config, "--once");
	send_as(q, "t", "1");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert(support_log_has(&w, "on stderr") && support_log_has(&w, "ok in"));
}
END_TEST

/* ---- exec ---- */

START_TEST(a_handler_that_is_replaced_on_disk_goes_on)
{
	cleanup_free char *q = queue_name();
	const char *script = support_script("h", "echo old");
	struct process w = support_worker(support_url(), "-q", q, "--", script);
	struct result r =
	    support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	assert_has(r.out, "old");
	support_result_free(&r);
	support_script("h.new", "echo new");
	ck_assert_int_eq(rename(support_path("h.new"), script), 0);
	r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 0);
	assert_has(r.out, "new");
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

/* ---- plugin ---- */

static const struct {
	const char *type, *reason, *words;
} bad_plugins[] = {
    {"segv", "crashes", "killed by SIGSEGV"},        {"abort", "crashes", "killed by SIGABRT"},
    {"exits", "crashes", "ended (exit 0)"},          {"hopeless", "rejected", "no \\\"use\\\""},
    {"busy", "timeouts", "\"verdict\":\"timeout\""}, {"heeds", "timeouts", "gave up"},
};

START_TEST(a_plugin_that_misbehaves_is_the_jobs_end_and_nobody_elses)
{
	cleanup_free char *handler = odd_plugin();
	expect_dead(handler, bad_plugins[_i].type, bad_plugins[_i].reason, bad_plugins[_i].words);
}
END_TEST

START_TEST(a_plugin_does_its_jobs)
{
	cleanup_free char *handler = odd_plugin();
	expect_done(handler, "fine", "printed by the plugin");
	expect_done(handler, "again", "retry");
}
END_TEST

START_TEST(a_file_that_is_no_plugin_ends_the_worker_before_it_takes_jobs)
{
	cleanup_free char *q = queue_name();
	const char *const wrong[] = {"*=plugin:/etc/hostname", "*=plugin:/no/such.so"};
	for (int i = 0; i < 2; i++) {
		struct process w = support_worker(support_url(), "-q", q, "--handler", wrong[i]);
		ck_assert_int_eq(support_wait_exit(&w), 78);
		ck_assert(support_log_has(&w, "handler '*': plugin '/"));
	}
}
END_TEST

/* ---- http ---- */

static struct process start_server(const char *port_file, const char *cert, const char *key)
{
	cleanup_free char *program =
	    xprintf("%s/tests/handlers/odd_server.py", getenv("WARREN_SOURCE"));
	struct process p = support_start(
	    "", (const char *const[]){"/usr/bin/python3", program, port_file, cert, key, NULL});
	support_wait_lines(port_file, 1);
	return p;
}

static int port_of(const char *port_file)
{
	int port = 0;
	FILE *f = fopen(port_file, "re");
	ck_assert(f && fscanf(f, "%d", &port) == 1);
	fclose(f);
	return port;
}

static const struct {
	const char *path, *reason, *words;
} bad_answers[] = {
    {"/status/400", "rejected", "HTTP 400: what the service says"},
    {"/status/410", "rejected", "HTTP 410"},
    {"/status/422", "rejected", "HTTP 422"},
    {"/status/404", "failures", "HTTP 404"},
    {"/status/500", "failures", "HTTP 500: what the service says"},
    {"/redirect", "failures", "HTTP 302 (redirects are not followed)"},
    {"/reset", "failures", "http://127.0.0.1"},
    {"/nonsense", "failures", "HTTP/0.9"},
    {"/silent", "timeouts", "no answer until it was stopped (timeout)"},
    {"/slow", "timeouts", "no answer until it was stopped (timeout)"},
};

START_TEST(a_service_that_answers_badly_is_the_jobs_end_and_nobody_elses)
{
	const char *port_file = support_path("port");
	struct process server = start_server(port_file, NULL, NULL);
	cleanup_free char *q = queue_name();
	cleanup_free char *bad =
	    xprintf("bad=http://127.0.0.1:%d%s", port_of(port_file), bad_answers[_i].path);
	cleanup_free char *fine = xprintf("fine=http://127.0.0.1:%d/echo", port_of(port_file));
	struct process w = support_worker(support_url(), "-q", q, "-j", "2", "--grace", "100ms",
	                                  "--handler", bad, "--handler", fine);
	send_within(q, "bad", "1", timeout_for("bad", bad_answers[_i].reason));
	cleanup_free char *letter = dead_letter(q);
	cleanup_free char *wanted = xprintf("\"reason\":\"%s\"", bad_answers[_i].reason);
	assert_has(letter, wanted);
	assert_has(letter, bad_answers[_i].words);
	send_as(q, "fine", "2");
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
	support_terminate(&server);
}
END_TEST

START_TEST(a_service_gets_args_and_headers_and_its_retry_after_is_kept)
{
	const char *port_file = support_path("port");
	struct process server = start_server(port_file, NULL, NULL);
	cleanup_free char *q = queue_name();
	cleanup_free char *fine = xprintf("fine=http://127.0.0.1:%d/echo", port_of(port_file));
	cleanup_free char *later =
	    xprintf("later=http://127.0.0.1:%d/status/503/after", port_of(port_file));
	struct process w =
	    support_worker(support_url(), "-q", q, "--handler", fine, "--handler", later);
	struct result r = support_producer(support_url(), NULL, "send", "fine", "[1]", "-q", q,
	                                   "-H", "bad=x\r\nInjected: yes", "-H", "tenant=a");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	support_wait_log(&w, "ok in");
	send_as(q, "later", "1");
	support_wait_log(&w, "retry: HTTP 503: what the service says; again in 1s");
	ck_assert_int_eq(support_terminate(&w), 0);
	support_terminate(&server);
}
END_TEST

START_TEST(a_service_that_answers_without_end_is_cut_and_done)
{
	const char *port_file = support_path("port");
	struct process server = start_server(port_file, NULL, NULL);
	cleanup_free char *handler = xprintf("*=http://127.0.0.1:%d/endless", port_of(port_file));
	expect_done(handler, "t", NULL);
	support_terminate(&server);
}
END_TEST

START_TEST(a_service_behind_a_unix_socket_is_reached)
{
	const char *port_file = support_path("port"), *path = support_path("s.sock");
	struct process server = start_server(port_file, path, NULL);
	cleanup_free char *handler = xprintf("*=http+unix://%s:/echo", path);
	expect_done(handler, "t", NULL);
	support_terminate(&server);
}
END_TEST

START_TEST(a_service_that_is_down_returns_jobs_uncounted_until_it_is_back)
{
	cleanup_free char *q = queue_name();
	struct process w =
	    support_worker(support_url(), "-q", q, "--handler", "*=http://127.0.0.1:1/x");
	send_as(q, "t", "1");
	support_wait_log(&w, "cannot be started: http://127.0.0.1:1/x: ");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

START_TEST(a_service_with_a_certificate_that_nobody_vouches_for_gets_no_job)
{
	const char *port_file = support_path("port"), *key = support_path("key.pem"),
	           *cert = support_path("cert.pem");
	cleanup_free char *command =
	    xprintf("openssl req -x509 -newkey rsa:2048 -nodes -keyout '%s' -out '%s' -days 1 "
	            "-subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null",
	            key, cert);
	ck_assert_int_eq(system(command), 0);
	struct process server = start_server(port_file, cert, key);
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = xprintf("*=https://localhost:%d/echo", port_of(port_file));
	struct process w = support_worker(support_url(), "-q", q, "--handler", handler);
	send_as(q, "t", "1");
	support_wait_log(&w, "certificate");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
	support_terminate(&server);
}
END_TEST

static Suite *handlers_suite(void)
{
	Suite *s = suite_create("handlers");
	TCase *c = tcase_create("process");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, a_process_that_misbehaves_is_the_jobs_end_and_nobody_elses, 0,
	                    (int)(sizeof bad_processes / sizeof *bad_processes));
	tcase_add_loop_test(c, a_process_does_its_jobs, 0,
	                    (int)(sizeof good_processes / sizeof *good_processes));
	tcase_add_test(c, a_second_reply_is_a_fault_that_costs_no_job);
	tcase_add_test(
	    c, a_process_that_announces_it_has_several_jobs_at_once_and_replies_in_any_order);
	tcase_add_test(c, another_jobs_deadline_costs_nothing);
	tcase_add_test(c, a_process_is_replaced_after_so_many_jobs_and_told_to_finish);
	tcase_add_test(c, a_process_that_crashes_and_crashes_is_paused_and_its_queue_rests);
	tcase_add_test(c, a_process_that_cannot_be_started_returns_its_jobs_uncounted);
	tcase_add_test(c, two_jobs_of_one_id_never_meet_in_one_process);
	tcase_add_test(c, what_a_busy_process_said_before_it_was_killed_counts);
	tcase_add_test(c, a_handler_of_four_lines_in_shell_is_enough);
	tcase_add_test(c, the_protocol_can_be_on_stdin_and_stdout);
	suite_add_tcase(s, c);
	c = tcase_create("exec");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_handler_that_is_replaced_on_disk_goes_on);
	suite_add_tcase(s, c);
	c = tcase_create("plugin");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, a_plugin_that_misbehaves_is_the_jobs_end_and_nobody_elses, 0,
	                    (int)(sizeof bad_plugins / sizeof *bad_plugins));
	tcase_add_test(c, a_plugin_does_its_jobs);
	tcase_add_test(c, a_file_that_is_no_plugin_ends_the_worker_before_it_takes_jobs);
	suite_add_tcase(s, c);
	c = tcase_create("http");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, a_service_that_answers_badly_is_the_jobs_end_and_nobody_elses, 0,
	                    (int)(sizeof bad_answers / sizeof *bad_answers));
	tcase_add_test(c, a_service_gets_args_and_headers_and_its_retry_after_is_kept);
	tcase_add_test(c, a_service_that_answers_without_end_is_cut_and_done);
	tcase_add_test(c, a_service_behind_a_unix_socket_is_reached);
	tcase_add_test(c, a_service_that_is_down_returns_jobs_uncounted_until_it_is_back);
	tcase_add_test(c, a_service_with_a_certificate_that_nobody_vouches_for_gets_no_job);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(handlers_suite());
}
