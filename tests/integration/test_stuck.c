/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests a broker that hangs, in every place where it can: what the real programs do meanwhile, how
 * they end, and that nothing is lost. Measured times are printed, but decide nothing.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "tests/support/peer.h"
#include "tests/support/support.h"

/*
 * HUGE_ARGS is more than the socket buffers hold (a sender's grows to 4 MiB), and less than the 16
 * MiB of a 4.x broker.
 */
enum { ALL = 1000, BIG = 900000, HUGE_ARGS = 12000000 };

static const struct peer_rule no_rule = {.up_bytes = -1, .down_bytes = -1};

/* Sets short times, so that the faults are noticed soon. */
static void be_quick(void)
{
	setenv("WARREN_HEARTBEAT", "2s", 1);
	setenv("WARREN_CONNECT_TIMEOUT", "1s", 1);
	setenv("WARREN_CONFIRM_TIMEOUT", "3s", 1);
}

static char *queue_name(void)
{
	return xstrdup(support_queue(support_url()));
}

static void wait_line(const char *path, const char *part)
{
	support_wait(support_lines_with(path, part) > 0, part);
}

static void send_job(const char *queue, const char *args, const char *timeout)
{
	struct result r = support_producer(support_url(), args, "send", "t", "-", "-q", queue,
	                                   "--timeout", timeout, "--backoff", "fixed:100ms");
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
}

/* Sends a job whose header is too large for a worker to publish it again. */
static void send_with_large_header(const char *queue)
{
	const char body[] = "{\"id\":\"heavy\",\"type\":\"t\"}";
	struct message *m = message_create();
	cleanup_free char *large = xcalloc(1, 70001);
	memset(large, 'x', 70000);
	message_set_body(m, body, strlen(body));
	table_set_string(&m->headers, "large", large);
	support_publish(support_url(), "warren.v1.jobs", support_amqp(queue, ""), m);
	message_destroy(m);
}

/* ---- where the broker hangs ---- */

static const struct fault {
	const char *name;
	struct peer_rule rule; /* rule of new connections; those that exist are cut */
	/*
	 * With PEER_FORWARDS the rule is the fault. Otherwise existing and new connections meet
	 * this.
	 */
	enum peer_mode mode;
	const char *words; /* in the worker's log */
} faults[] = {
    {"it accepts and says nothing",
     {.up_bytes = 0, .down_bytes = 0, .end = PEER_STALL, .connections = ALL},
     PEER_FORWARDS,
     "login"},
    {"it hangs after the protocol header",
     {.up_bytes = -1, .down_bytes = -1, .answer = PEER_METHOD(10, 10), .connections = ALL},
     PEER_FORWARDS,
     "login"},
    {"the login hangs",
     {.up_bytes = -1, .down_bytes = -1, .answer = PEER_METHOD(10, 30), .connections = ALL},
     PEER_FORWARDS,
     "login"},
    {"it hangs after Tune",
     {.up_bytes = -1, .down_bytes = -1, .answer = PEER_METHOD(10, 41), .connections = ALL},
     PEER_FORWARDS,
     "login"},
    {"the first channel hangs",
     {.up_bytes = -1, .down_bytes = -1, .answer = PEER_METHOD(20, 11), .connections = ALL},
     PEER_FORWARDS,
     "open channel"},
    {"the look at an exchange hangs",
     {.up_bytes = -1, .down_bytes = -1, .answer = PEER_METHOD(40, 11), .connections = ALL},
     PEER_FORWARDS,
     "exchange '"},
    {"a consumer's start hangs",
     {.up_bytes = -1, .down_bytes = -1, .answer = PEER_METHOD(60, 21), .connections = ALL},
     PEER_FORWARDS,
     "consume '"},
    {"it falls silent", {.up_bytes = -1, .down_bytes = -1}, PEER_STALLS, "connection lost"},
    {"its answers get lost", {.up_bytes = -1, .down_bytes = -1}, PEER_MUTE, "connection lost"},
};

static void strike(struct peer *p, const struct fault *f)
{
	peer_rule(p, f->rule);
	peer_be(p, f->mode);
	if (f->mode == PEER_FORWARDS)
		peer_cut(p);
}

static void heal(struct peer *p)
{
	peer_rule(p, no_rule);
	peer_be(p, PEER_FORWARDS);
}

/* Makes a handler whose first run ignores SIGTERM for ever. The others are done at once. */
static const char *stubborn_handler(const char *record)
{
	cleanup_free char *body = xprintf("cat >/dev/null\n"
	                                  "echo \"start $JOB_ATTEMPT $$\" >>'%s'\n"
	                                  "if [ \"$JOB_ATTEMPT\" = 1 ]; then\n"
	                                  "	trap 'echo term >>\"%s\"' TERM\n"
	                                  "	while :; do sleep 0.05; done\n"
	                                  "fi\n"
	                                  "echo \"end $JOB_ATTEMPT\" >>'%s'",
	                                  record, record, record);
	return support_script("stubborn", body);
}

static pid_t first_pid(const char *record)
{
	int pid = 0;
	FILE *f = fopen(record, "re");
	ck_assert(f && fscanf(f, "start 1 %d", &pid) == 1);
	fclose(f);
	return pid;
}

static void wait_gone(pid_t pid)
{
	support_wait(kill(pid, 0) < 0, "the end of a handler");
}

static double since(int64_t ms)
{
	return (double)(support_now() - ms) / 1000;
}

START_TEST(deadlines_hold_while_the_broker_hangs_and_the_worker_goes_on_afterwards)
{
	const struct fault *f = &faults[_i];
	be_quick();
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	struct peer *p = peer_start(support_url(), no_rule);
	struct process w = support_worker(peer_url(p), "-q", q, "--grace", "300ms", "--",
	                                  stubborn_handler(record));
	send_job(q, "1", "1s");
	wait_line(record, "start 1");
	strike(p, f);
	int64_t struck = support_now();
	wait_line(record, "term");
	wait_gone(first_pid(record));
	double killed = since(struck);
	support_wait_log(&w, f->words);
	double noticed = since(struck);
	ck_assert_uint_eq(support_lines_with(record, "end"), 0); /* the fault still lasts */
	heal(p);
	int64_t healed = support_now();
	wait_line(record, "end 2");
	support_wait_log(&w, "ok in");
	printf("%s: handler killed after %.1f s, noticed after %.1f s, job done %.1f s after it "
	       "was over\n",
	       f->name, killed, noticed, since(healed));
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines_with(record, "start 1"), 1);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
	peer_stop(p);
}
END_TEST

static char *args_of(size_t size)
{
	char *args = xcalloc(1, size + 3);
	memset(args, 'x', size + 2);
	args[0] = args[size + 1] = '"';
	return args;
}

START_TEST(a_worker_whose_broker_stops_reading_in_the_middle_of_a_publish_gets_free)
{
	be_quick();
	setenv("WARREN_MAX_BODY", "16M", 1);
	cleanup_free char *q = queue_name(), *stubborn = queue_name();
	cleanup_free char *args = args_of(HUGE_ARGS);
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body =
	    xprintf("case $JOB_QUEUE in %s) exec '%s' ;; esac\n"
	            "[ \"$JOB_ATTEMPT\" = 1 ] || { echo late >>'%s'; exit 0; }\n"
	            "echo big >>'%s'; until [ -e '%s' ]; do sleep 0.05; done; exit 75",
	            stubborn, stubborn_handler(record), record, record, go);
	struct peer *p = peer_start(support_url(), no_rule);
	struct process w = support_worker(peer_url(p), "-q", q, "-q", stubborn, "-j", "2",
	                                  "--grace", "300ms", "--", support_script("h", body));
	send_job(q, args, "5m");
	wait_line(record, "big");
	send_job(stubborn, "1", "1s");
	wait_line(record, "start 1");
	peer_be(p, PEER_DEAF);
	int64_t struck = support_now();
	fclose(fopen(go, "we"));
	wait_line(record, "term");
	double killed = since(struck);
	support_wait_log(&w, "basic.publish");
	printf(
	    "it stops reading: handler killed after %.1f s, the write is given up after %.1f s\n",
	    killed, since(struck));
	heal(p);
	wait_line(record, "late");
	wait_line(record, "end 2");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
	peer_stop(p);
}
END_TEST

START_TEST(a_worker_that_is_told_to_end_while_its_broker_hangs_ends_in_bounded_time)
{
	be_quick();
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	struct peer *p = peer_start(support_url(), no_rule);
	struct process w = support_worker(peer_url(p), "-q", q, "--grace", "300ms", "--drain", "1s",
	                                  "--", stubborn_handler(record));
	send_job(q, "1", "10m");
	wait_line(record, "start 1");
	peer_be(p, PEER_STALLS);
	int64_t told = support_now();
	int code = support_terminate(&w);
	printf("told to end, drain 1 s, grace 0.3 s: exit %d after %.1f s\n", code, since(told));
	ck_assert_int_eq(code, 75);
	ck_assert_int_lt(kill(first_pid(record), 0), 0);
	ck_assert(support_log_has(&w, "some jobs could not be acknowledged in time"));
	peer_cut(p);
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
	peer_stop(p);
}
END_TEST

START_TEST(a_second_interrupt_ends_a_worker_soon_though_its_broker_hangs)
{
	be_quick();
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	struct peer *p = peer_start(support_url(), no_rule);
	struct process w = support_worker(peer_url(p), "-q", q, "--", stubborn_handler(record));
	send_job(q, "1", "10m");
	wait_line(record, "start 1");
	peer_be(p, PEER_STALLS);
	kill(w.pid, SIGINT);
	support_wait_log(&w, "draining");
	int64_t told = support_now();
	kill(w.pid, SIGINT);
	ck_assert_int_eq(support_wait_exit(&w), 130);
	printf("interrupted twice: exit after %.1f s\n", since(told));
	wait_gone(first_pid(record));
	peer_stop(p);
}
END_TEST

/*
 * The publishing connection never comes up and holds the worker up at its end. The consuming one is
 * closed meanwhile, and the broker delivers the job again.
 */
START_TEST(no_handler_runs_on_beside_the_copy_of_its_job_in_another_worker)
{
	const struct peer_rule no_exchanges = {
	    .up_bytes = -1, .down_bytes = -1, .answer = PEER_METHOD(40, 11), .connections = ALL};
	cleanup_free char *q = queue_name();
	const char *first = support_path("first"), *second = support_path("second");
	cleanup_free char *body =
	    xprintf("if mkdir '%s.taken' 2>/dev/null; then\n"
	            "	echo $$ >'%s.new'; mv '%s.new' '%s'; exec sleep 60\n"
	            "fi\n"
	            "if kill -0 \"$(cat '%s')\"; then echo beside >'%s'; else echo alone >'%s'; fi",
	            first, first, first, first, first, second, second);
	const char *handler = support_script("h", body);
	struct peer *p = peer_start(support_url(), no_exchanges);
	struct process w = support_worker(peer_url(p), "-q", q, "--", handler);
	send_job(q, "1", "10m");
	support_wait_lines(first, 1);
	struct process other = support_worker(support_url(), "-q", q, "--", handler);
	support_wait_log(&other, "consuming from");
	kill(w.pid, SIGQUIT);
	ck_assert_int_eq(support_wait_exit(&w), 130);
	support_wait_lines(second, 1);
	ck_assert_uint_eq(support_lines_with(second, "alone"), 1);
	ck_assert_int_eq(support_terminate(&other), 0);
	peer_stop(p);
}
END_TEST

/* ---- heartbeats ---- */

START_TEST(heartbeats_are_sent_while_the_worker_is_idle_and_while_its_handlers_take_the_cpu)
{
	be_quick();
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("end=$(($(date +%%s) + 9)); while [ $(date +%%s) -lt "
	                                  "$end ]; do :; done; echo end >>'%s'",
	                                  record);
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "2", "--", support_script("busy", body));
	send_job(q, "1", "1m");
	send_job(q, "2", "1m");
	support_wait(support_lines_with(record, "end") == 2,
	             "two jobs that take longer than the broker waits for heartbeats");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert(!support_log_has(&w, "is down"));
}
END_TEST

START_TEST(a_worker_that_was_stopped_beyond_its_heartbeat_runs_nothing_twice)
{
	be_quick();
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *go_1 = support_path("go.1"),
	           *go_2 = support_path("go.2");
	cleanup_free char *body = xprintf("read -r n; echo \"start $n\" >>'%s'\n"
	                                  "until [ -e '%s/go.'$n ]; do sleep 0.05; done\n"
	                                  "echo \"end $n\" >>'%s'",
	                                  record, support_dir(), record);
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "2", "--", support_script("h", body));
	send_job(q, "2", "5m");
	wait_line(record, "start 2");
	kill(w.pid, SIGSTOP);
	support_wait_depth(support_url(), support_amqp(q, ""), 1); /* the broker has given it up */
	kill(w.pid, SIGCONT);
	support_wait_log(&w, "not run twice");
	send_job(q, "1", "5m");
	wait_line(record, "start 1");
	kill(w.pid, SIGSTOP);
	fclose(fopen(go_1, "we"));
	wait_line(record, "end 1");
	support_wait_depth(support_url(), support_amqp(q, ""), 2);
	kill(w.pid, SIGCONT);
	fclose(fopen(go_2, "we"));
	wait_line(record, "end 2");
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines_with(record, "start"), 2);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

/*
 * The handler ended in time. The worker was stopped and could not hear it, which is no reason to
 * run the job again.
 */
START_TEST(a_job_that_ends_while_its_worker_is_stopped_is_done_past_its_deadline)
{
	enum { TIMEOUT_MS = 6000 };
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body = xprintf("echo \"start 1 $$\" >>'%s'\n"
	                                  "until [ -e '%s' ]; do sleep 0.05; done",
	                                  record, go);
	struct process w = support_worker(support_url(), "-q", q, "--", support_script("h", body));
	send_job(q, "1", "6s");
	wait_line(record, "start 1");
	kill(w.pid, SIGSTOP);
	int64_t stopped = support_now();
	fclose(fopen(go, "we"));
	wait_gone(first_pid(record));
	support_wait(support_now() > stopped + TIMEOUT_MS, "the deadline");
	kill(w.pid, SIGCONT);
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert(support_log_has(&w, "ok in"));
	ck_assert(!support_log_has(&w, "its deadline has passed"));
	ck_assert_uint_eq(support_lines_with(record, "start"), 1);
}
END_TEST

START_TEST(a_job_that_ends_while_its_worker_is_stopped_is_done_past_the_drain_deadline)
{
	enum { DRAIN_MS = 6000 };
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body = xprintf("echo \"start 1 $$\" >>'%s'\n"
	                                  "until [ -e '%s' ]; do sleep 0.05; done",
	                                  record, go);
	struct process w = support_worker(support_url(), "-q", q, "--drain", "6s", "--",
	                                  support_script("h", body));
	send_job(q, "1", "60s");
	wait_line(record, "start 1");
	kill(w.pid, SIGTERM);
	support_wait_log(&w, "draining");
	kill(w.pid, SIGSTOP);
	int64_t stopped = support_now();
	fclose(fopen(go, "we"));
	wait_gone(first_pid(record));
	support_wait(support_now() > stopped + DRAIN_MS, "the drain deadline");
	kill(w.pid, SIGCONT);
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert(support_log_has(&w, "ok in"));
	ck_assert(!support_log_has(&w, "drain time is over"));
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

/*
 * A job that cannot be published again is rejected. A reject that is lost with its connection must
 * not become an ack.
 */
START_TEST(a_job_whose_reject_is_lost_is_dead_all_the_same)
{
	be_quick();
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body = xprintf("echo start >>'%s'\n"
	                                  "until [ -e '%s' ]; do sleep 0.05; done; exit 75",
	                                  record, go);
	struct peer *p = peer_start(support_url(), no_rule);
	struct process w = support_worker(peer_url(p), "-q", q, "--", support_script("h", body));
	send_with_large_header(q);
	wait_line(record, "start");
	strike(p, &faults[0]);
	support_wait_log(&w, "the consuming connection is down");
	fclose(fopen(go, "we"));
	support_wait_log(&w, "headers that others added are larger than");
	heal(p);
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 1);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
	peer_stop(p);
}
END_TEST

/* ---- producers ---- */

static char *first_lines(const char *path)
{
	char text[4096];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = '\0';
	return xstrdup(text);
}

static size_t lines_of(const char *path)
{
	return support_lines_with(path, "");
}

START_TEST(every_command_ends_in_bounded_time_with_one_line_when_the_broker_hangs)
{
	const struct fault *f = &faults[_i];
	be_quick();
	cleanup_free char *q = queue_name();
	const char *lines = support_path("lines.jsonl");
	FILE *file = fopen(lines, "we");
	fputs("1\n2\n", file);
	fclose(file);
	const char *program = getenv("WARREN_PRODUCER");
	const char *const commands[][8] = {
	    {program, "send", "t", "1", "-q", q},
	    {program, "send", "t", "1", "-q", q, "--wait=5m"},
	    {program, "batch", "t", lines, "-q", q},
	    {program, "dead", "list", "-q", q},
	    {program, "queue", "list", q},
	    {program, "setup", q},
	    {program, "queue", "purge", q, "--yes"},
	};
	enum { COMMANDS = sizeof commands / sizeof *commands };
	struct process running[COMMANDS];
	struct peer *p = peer_start(support_url(), f->rule);
	int64_t begun = support_now();
	for (size_t i = 0; i < COMMANDS; i++)
		running[i] = support_start(peer_url(p), commands[i]);
	for (size_t i = 0; i < COMMANDS; i++) {
		int code = support_wait_exit(&running[i]);
		cleanup_free char *log = first_lines(running[i].log);
		ck_assert_msg(
		    code == 69 && lines_of(running[i].log) == 1 && strstr(log, "127.0.0.1:"),
		    "%s, %s %s: exit %d, %s", f->name, commands[i][1], commands[i][2], code, log);
	}
	printf("%s: all commands have ended after %.1f s\n", f->name, since(begun));
	peer_stop(p);
}
END_TEST

static const struct {
	const char *name;
	enum peer_mode mode;
} deafness[] = {
    {"falls silent", PEER_STALLS}, {"stops reading", PEER_DEAF}, {"answers nothing", PEER_MUTE}};

/* Runs all jobs of the queue. Each distinct args is a line of record. */
static void run_all(const char *queue, const char *record)
{
	cleanup_free char *body = xprintf("cat >>'%s'", record);
	struct process w = support_worker(support_url(), "-q", queue, "-j", "4", "--burst", "--",
	                                  support_script("take", body));
	ck_assert_int_eq(support_wait_exit(&w), 0);
}

START_TEST(a_batch_whose_broker_hangs_ends_with_true_receipts_and_is_resumed)
{
	enum { LINES = 500 };
	be_quick();
	cleanup_free char *q = queue_name();
	const char *lines = support_path("lines.jsonl"), *receipts = support_path("receipts"),
	           *record = support_path("record");
	FILE *f = fopen(lines, "we");
	for (int i = 0; i < LINES; i++)
		fprintf(f, "{\"n\":%d,\"text\":\"%0*d\"}\n", i, 3000, 0);
	fclose(f);
	struct peer *p = peer_start(support_url(), no_rule);
	struct process b = support_start(
	    peer_url(p), (const char *const[]){getenv("WARREN_PRODUCER"), "batch", "t", lines, "-q",
	                                       q, "--receipts", receipts, "--rate", "200", NULL});
	support_wait_lines(receipts, 50);
	peer_be(p, deafness[_i].mode);
	int64_t struck = support_now();
	int code = support_wait_exit(&b);
	printf("batch when the broker %s: exit %d after %.1f s\n", deafness[_i].name, code,
	       since(struck));
	ck_assert_msg(code == 69 || code == 75, "exit %d", code);
	size_t confirmed = support_lines_with(receipts, "\"confirmed\"");
	ck_assert_uint_lt(confirmed, LINES);
	ck_assert_uint_ge(support_depth(support_url(), support_amqp(q, "")), confirmed);
	struct result r = support_producer(support_url(), NULL, "batch", "t", lines, "-q", q,
	                                   "--resume", receipts);
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	peer_stop(p);
	run_all(q, record);
	support_wait_distinct(record, LINES);
}
END_TEST

START_TEST(a_send_whose_broker_hangs_afterwards_says_that_the_job_may_be_there)
{
	be_quick();
	cleanup_free char *q = queue_name();
	cleanup_free char *args = args_of(BIG);
	struct peer *p =
	    peer_start(support_url(),
	               (struct peer_rule){.up_bytes = 5000, .down_bytes = -1, .connections = ALL});
	struct result r = support_producer(peer_url(p), args, "send", "t", "-", "-q", q);
	ck_assert_msg(r.code == 75 && strstr(r.err, "it may or may not be stored"), "exit %d: %s",
	              r.code, r.err);
	support_result_free(&r);
	peer_stop(p);
}
END_TEST

START_TEST(a_wait_for_a_result_ends_when_the_broker_falls_silent)
{
	be_quick();
	cleanup_free char *q = queue_name();
	struct peer *p = peer_start(support_url(), no_rule);
	struct process s =
	    support_start(peer_url(p), (const char *const[]){getenv("WARREN_PRODUCER"), "send", "t",
	                                                     "1", "-q", q, "--wait", NULL});
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
	peer_be(p, PEER_STALLS);
	int64_t struck = support_now();
	int code = support_wait_exit(&s);
	printf("send --wait when the broker falls silent: exit %d after %.1f s\n", code,
	       since(struck));
	ck_assert_int_eq(code, 75);
	peer_stop(p);
}
END_TEST

static TCase *add_case(Suite *s, const char *name)
{
	TCase *c = tcase_create(name);
	tcase_set_timeout(c, 180);
	suite_add_tcase(s, c);
	return c;
}

static Suite *stuck_suite(void)
{
	enum { START_FAULTS = 5 };
	Suite *s = suite_create("stuck");
	TCase *c = add_case(s, "worker");
	tcase_add_loop_test(c,
	                    deadlines_hold_while_the_broker_hangs_and_the_worker_goes_on_afterwards,
	                    0, (int)(sizeof faults / sizeof *faults));
	tcase_add_test(c, a_worker_that_is_told_to_end_while_its_broker_hangs_ends_in_bounded_time);
	tcase_add_test(c, a_second_interrupt_ends_a_worker_soon_though_its_broker_hangs);
	c = add_case(s, "copies");
	tcase_add_test(c, no_handler_runs_on_beside_the_copy_of_its_job_in_another_worker);
	c = add_case(s, "deaf");
	tcase_add_test(c, a_worker_whose_broker_stops_reading_in_the_middle_of_a_publish_gets_free);
	c = add_case(s, "heartbeats");
	tcase_add_test(
	    c, heartbeats_are_sent_while_the_worker_is_idle_and_while_its_handlers_take_the_cpu);
	tcase_add_test(c, a_worker_that_was_stopped_beyond_its_heartbeat_runs_nothing_twice);
	tcase_add_test(c, a_job_that_ends_while_its_worker_is_stopped_is_done_past_its_deadline);
	tcase_add_test(c,
	               a_job_that_ends_while_its_worker_is_stopped_is_done_past_the_drain_deadline);
	tcase_add_test(c, a_job_whose_reject_is_lost_is_dead_all_the_same);
	c = add_case(s, "commands");
	tcase_add_loop_test(c,
	                    every_command_ends_in_bounded_time_with_one_line_when_the_broker_hangs,
	                    0, START_FAULTS);
	tcase_add_loop_test(c, a_batch_whose_broker_hangs_ends_with_true_receipts_and_is_resumed, 0,
	                    (int)(sizeof deafness / sizeof *deafness));
	tcase_add_test(c, a_send_whose_broker_hangs_afterwards_says_that_the_job_may_be_there);
	tcase_add_test(c, a_wait_for_a_result_ends_when_the_broker_falls_silent);
	return s;
}

int main(void)
{
	return support_main(stuck_suite());
}
