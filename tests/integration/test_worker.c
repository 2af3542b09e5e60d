/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the worker against a real broker: every verdict, and what happens when things die. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/job/headers.h"
#include "common/base/memory.h"
#include "tests/integration/handling.h"
#include "tests/support/support.h"

static void send_job(const char *url, const char *queue, const char *type, const char *args,
                     const char *option, const char *value)
{
	struct result r =
	    option ? support_producer(url, NULL, "send", type, args, "-q", queue, option, value)
	           : support_producer(url, NULL, "send", type, args, "-q", queue);
	if (r.code != 0)
		ck_abort_msg("send: %s", r.err);
	support_result_free(&r);
}

START_TEST(a_job_that_exits_0_is_done_and_acknowledged)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("cat >>'%s'", record);
	struct process w = support_worker(support_url(), "-q", q, "--", support_script("h", body));
	send_job(support_url(), q, "t", "{\"a\": 1e2, \"\\u0000\":[]}", NULL, NULL);
	support_wait_lines(record, 1);
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
	FILE *f = fopen(record, "re");
	char line[100];
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	fclose(f);
	ck_assert_str_eq(line, "{\"a\": 1e2, \"\\u0000\":[]}\n");
}
END_TEST

START_TEST(a_failing_job_is_retried_and_then_succeeds)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "--",
	                                  support_script("h", "[ $JOB_ATTEMPT -ge 3 ] || exit 75"));
	send_job(support_url(), q, "t", "1", "--backoff", "fixed:100ms");
	support_wait_log(&w, "as attempt 3 of 5");
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

static const struct {
	const char *script, *reason, *part, *retries;
	unsigned tries;
} endings[] = {
    {"echo oh dear >&2; exit 1", "\"reason\":\"failures\"", "\"exit\":1", "2", 2},
    {"echo no use >&2; exit 65", "\"reason\":\"rejected\"", "no use", "5", 1},
    {"exit 100", "\"reason\":\"rejected\"", "\"exit\":100", "5", 1},
    {"kill -SEGV $$", "\"reason\":\"crashes\"", "\"signal\":\"SIGSEGV\"", "5", 3},
    {"exit 111", "\"reason\":\"failures\"", "\"exit\":111", "3", 3},
};

START_TEST(a_job_that_always_fails_ends_dead_with_its_reason)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("echo try >>'%s'; %s", record, endings[_i].script);
	struct process w = support_worker(support_url(), "-q", q, "--", support_script("h", body));
	struct result r =
	    support_producer(support_url(), NULL, "send", "t", "[]", "-q", q, "--retries",
	                     endings[_i].retries, "--backoff", "fixed:100ms");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, endings[_i].reason);
	assert_has(letter, endings[_i].part);
	ck_assert_uint_eq(support_lines(record), endings[_i].tries);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_deadline_kills_the_whole_tree_and_is_counted_apart)
{
	cleanup_free char *q = queue_name();
	const char *pids = support_path("pids");
	cleanup_free char *body =
	    xprintf("trap '' TERM; setsid sh -c 'echo $$ >>\"%s\"; sleep 300' & sleep 300", pids);
	struct process w = support_worker(support_url(), "-q", q, "--grace", "200ms", "--",
	                                  support_script("h", body));
	struct result r = support_producer(support_url(), NULL, "send", "t", "[]", "-q", q,
	                                   "--timeout", "400ms", "--backoff", "fixed:100ms");
	support_result_free(&r);
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, "\"reason\":\"timeouts\"");
	ck_assert_uint_eq(support_lines(pids), 3);
	FILE *f = fopen(pids, "re");
	int pid;
	while (fscanf(f, "%d", &pid) == 1)
		support_wait(kill(pid, 0) < 0, "the end of a grandchild that called setsid");
	fclose(f);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_message_that_is_no_job_goes_to_the_dead_queue_once_and_untouched)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "--", "/bin/true");
	support_publish_text(support_url(), q, "{\"type\":\"t\",\"type\":\"u\"}");
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, "\"reason\":\"malformed\"");
	assert_has(letter, "duplicate key");
	struct message *m = support_take(support_url(), support_amqp(q, ".dead"));
	ck_assert_str_eq(m->body, "{\"type\":\"t\",\"type\":\"u\"}");
	message_destroy(m);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

START_TEST(foreign_headers_survive_a_retry_and_the_brokers_own_do_not)
{
	cleanup_free char *q = queue_name();
	struct process w =
	    support_worker(support_url(), "-q", q, "--", support_script("h", "exit 65"));
	struct message *m = message_create();
	const char body[] = "{\"type\":\"t\"}";
	message_set_body(m, body, strlen(body));
	table_set_string(&m->headers, "tenant", "blue");
	table_set_string(&m->headers, "x-death", "forged");
	table_set_int(&m->headers, "warren-attempt", 99);
	support_publish(support_url(), "warren.v1.jobs", support_amqp(q, ""), m);
	message_destroy(m);
	m = support_take(support_url(), support_amqp(q, ".dead"));
	ck_assert_str_eq(table_get_text(&m->headers, "tenant"), "blue");
	ck_assert_ptr_null(table_get(&m->headers, "x-death"));
	ck_assert_ptr_null(table_get(&m->headers, "warren-attempt"));
	ck_assert_str_eq(m->app_id, HEADERS_APP_ID);
	message_destroy(m);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

/* Makes a message whose header is too large for a worker to publish it again. */
static struct message *with_large_header(void)
{
	struct message *m = message_create();
	const char body[] = "{\"type\":\"t\"}";
	cleanup_free char *large = xcalloc(1, 70001);
	memset(large, 'x', 70000);
	message_set_body(m, body, strlen(body));
	table_set_string(&m->headers, "large", large);
	return m;
}

START_TEST(foreign_headers_too_large_to_republish_make_the_job_dead_all_the_same)
{
	cleanup_free char *q = queue_name();
	struct process w =
	    support_worker(support_url(), "-q", q, "--", support_script("h", "exit 75"));
	struct message *m = with_large_header();
	support_publish(support_url(), "warren.v1.jobs", support_amqp(q, ""), m);
	message_destroy(m);
	m = support_take(support_url(), support_amqp(q, ".dead"));
	ck_assert_ptr_nonnull(table_get(&m->headers, "large"));
	message_destroy(m);
	support_wait_log(&w, "headers that others added are larger than");
	send_job(support_url(), q, "t", "1", "--retries", "1");
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 1);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

/* The waiting producer was told of a retry before, which will not come. */
START_TEST(a_job_that_cannot_be_published_again_is_answered_for)
{
	cleanup_free char *q = queue_name();
	struct error err = {0};
	struct broker_event e = {0};
	char name[TOPOLOGY_NAME_MAX], exchange[TOPOLOGY_NAME_MAX];
	struct broker *b = support_connect(support_url());
	const struct topology_item bind = {.kind = TOPOLOGY_BIND_QUEUE,
	                                   .name = topology_reply("warren.v1", q, name),
	                                   .source = topology_replies("warren.v1", exchange),
	                                   .routing_key = name};
	ck_assert_int_eq(broker_open_channel(b, 1, false, &err), 0);
	ck_assert_int_eq(broker_declare_exclusive(b, 1, name, &err), 0);
	ck_assert_msg(broker_declare(b, 1, &bind, &err) == 0, "%s", err.text);
	ck_assert_int_eq(broker_consume(b, 1, name, "answers", 10, &err), 0);
	struct process w =
	    support_worker(support_url(), "-q", q, "--", support_script("h", "exit 75"));
	struct message *m = with_large_header();
	m->reply_to = xstrdup(name);
	support_publish(support_url(), "warren.v1.jobs", support_amqp(q, ""), m);
	message_destroy(m);
	for (bool final = false; !final;) {
		ck_assert_msg(broker_read(b, SUPPORT_MS, &e, &err) == 0, "%s", err.text);
		ck_assert_int_eq(e.kind, BROKER_DELIVERY);
		final = strstr(e.message->body, "\"kind\":\"final\"");
		ck_assert(!final || strstr(e.message->body, "\"reason\":\"rejected\""));
		message_destroy(e.message);
	}
	ck_assert_int_eq(support_terminate(&w), 0);
	broker_destroy(b, true);
}
END_TEST

START_TEST(an_expired_job_is_dead_without_running)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("echo ran >>'%s'", record);
	struct process w = support_worker(support_url(), "-q", q, "--", support_script("h", body));
	support_publish_text(support_url(), q,
	                     "{\"type\":\"t\",\"expires_at\":\"2020-01-01T00:00:00Z\"}");
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, "\"reason\":\"expired\"");
	ck_assert_uint_eq(support_lines(record), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_job_that_arrives_early_waits_in_the_ring)
{
	cleanup_free char *q = queue_name();
	char at[CLOCK_TEXT_SIZE];
	struct process w = support_worker(support_url(), "-q", q, "--", "/bin/true");
	int64_t due_ms = clock_now_ms() + 1500;
	cleanup_free char *body =
	    xprintf("{\"type\":\"t\",\"not_before\":\"%s\"}", clock_format(due_ms, at));
	support_publish_text(support_url(), q, body);
	support_wait_log(&w, "not_before lies ahead");
	support_wait_log(&w, "ok in");
	ck_assert_int_ge(clock_now_ms(), due_ms);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(delays_are_kept_and_their_error_is_printed)
{
	static const int delays_ms[] = {0, 125, 500, 1000, 1875, 2250, 3125};
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body =
	    xprintf("read due; now=$(date +%%s%%3N); echo $due $now >>'%s'", record);
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "4", "--", support_script("h", body));
	support_wait_log(&w, "consuming from");
	size_t count = sizeof delays_ms / sizeof *delays_ms;
	for (size_t i = 0; i < count; i++) {
		char delay[32], due[32];
		snprintf(delay, sizeof delay, "%dms", delays_ms[i]);
		snprintf(due, sizeof due, "%lld", (long long)(clock_now_ms() + delays_ms[i]));
		send_job(support_url(), q, "t", due, "--delay", delay);
	}
	support_wait_lines(record, count);
	FILE *f = fopen(record, "re");
	long long due, now;
	printf("delay errors in ms:");
	while (fscanf(f, "%lld %lld", &due, &now) == 2) {
		printf(" %lld", now - due);
		ck_assert_int_ge(now, due);
	}
	puts("");
	fclose(f);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_type_without_a_handler_goes_round_on_a_budget_of_its_own)
{
	cleanup_free char *q = queue_name();
	struct process w =
	    support_worker(support_url(), "-q", q, "--handler", "known.*=exec:/bin/true");
	send_job(support_url(), q, "strange", "1", NULL, NULL);
	support_wait_log(&w, "no handler for its type");
	ck_assert_int_eq(support_terminate(&w), 0);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	int64_t n = 0;
	ck_assert(table_get_int(&m->headers, "warren-unhandled", &n));
	ck_assert_int_ge(n, 1);
	ck_assert_ptr_null(table_get(&m->headers, "warren-failures"));
	message_destroy(m);
}
END_TEST

START_TEST(a_handler_that_cannot_be_started_returns_its_jobs_uncounted)
{
	cleanup_free char *q = queue_name();
	const char *script = support_script("h", "exit 0");
	struct process w = support_worker(support_url(), "-q", q, "--", script);
	support_wait_log(&w, "consuming from");
	unlink(script);
	send_job(support_url(), q, "t", "1", NULL, NULL);
	support_wait_log(&w, "cannot be started");
	support_wait_log(&w, "again in");
	support_script("h", "exit 0");
	support_wait_log(&w, "ok in");
	ck_assert(!support_log_has(&w, "attempt 2"));
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(two_jobs_with_one_id_both_run)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("cat >>'%s'", record);
	send_job(support_url(), q, "t", "1", "--id", "same");
	send_job(support_url(), q, "t", "2", "--id", "same");
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "2", "--", support_script("h", body));
	support_wait_lines(record, 2);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 2);
}
END_TEST

START_TEST(a_killed_worker_takes_its_handlers_along_and_loses_no_job)
{
	enum { JOBS = 20 };
	cleanup_free char *q = queue_name();
	const char *pids = support_path("pids"), *record = support_path("record"),
	           *go = support_path("go");
	cleanup_free char *body = xprintf(
	    "read n; echo $$ >>'%s'; until [ -e '%s' ]; do sleep 0.05; done; echo $n >>'%s'", pids,
	    go, record);
	const char *script = support_script("h", body);
	for (int i = 0; i < JOBS; i++) {
		char n[16];
		snprintf(n, sizeof n, "%d", i);
		send_job(support_url(), q, "t", n, NULL, NULL);
	}
	struct process w = support_worker(support_url(), "-q", q, "-j", "4", "--", script);
	support_wait_lines(pids, 4);
	kill(w.pid, SIGKILL);
	ck_assert_int_eq(support_wait_exit(&w), 128 + SIGKILL);
	FILE *f = fopen(pids, "re");
	int pid;
	while (fscanf(f, "%d", &pid) == 1)
		support_wait(kill(pid, 0) < 0, "the end of a handler whose worker was killed");
	fclose(f);
	fclose(fopen(go, "we"));
	struct process second =
	    support_worker(support_url(), "-q", q, "-j", "4", "--burst", "--", script);
	ck_assert_int_eq(support_wait_exit(&second), 0);
	ck_assert_uint_eq(support_lines(record), JOBS);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

START_TEST(a_job_that_runs_through_a_reconnect_is_not_run_twice)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *name = xprintf("worker-of-%s", q);
	cleanup_free char *body =
	    xprintf("echo start >>'%s'; until [ -e '%s' ]; do sleep 0.05; done", record, go);
	send_job(support_url(), q, "t", "1", NULL, NULL);
	struct process w =
	    support_worker(support_url(), "-q", q, "--name", name, "--", support_script("h", body));
	support_wait_lines(record, 1);
	cleanup_free char *connection = xprintf("%s consume", name);
	/* The management API shows a connection a few seconds after it was made. */
	support_wait(support_close_connections(support_mgmt_url(), connection) > 0,
	             "a connection to close");
	support_wait_log(&w, "delivered again after a reconnect");
	fclose(fopen(go, "we"));
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 1);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

START_TEST(count_runs_so_many_jobs_and_no_more)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("echo ran >>'%s'", record);
	const char *script = support_script("h", body);
	for (int i = 0; i < 5; i++)
		send_job(support_url(), q, "t", "1", NULL, NULL);
	struct process w = support_worker(support_url(), "-q", q, "--count", "3", "--", script);
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_lines(record), 3);
	w = support_worker(support_url(), "-q", q, "--once", "--", script);
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_lines(record), 4);
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
	w = support_worker(support_url(), "-q", q, "--burst", "--", script);
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_lines(record), 5);
}
END_TEST

START_TEST(a_missing_queue_ends_the_worker_and_names_the_command)
{
	struct process w = support_worker(support_url(), "-q", "never-declared", "--", "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 78);
	ck_assert(support_log_has(&w, "warren.v1.q.never-declared"));
	ck_assert(support_log_has(&w, "warren-producer setup"));
}
END_TEST

START_TEST(a_handler_that_is_not_there_ends_the_worker_before_it_connects)
{
	struct process w = support_worker(support_url(), "-q", "any", "--", "/no/such/program");
	ck_assert_int_eq(support_wait_exit(&w), 78);
	ck_assert(support_log_has(&w, "'/no/such/program' cannot be executed"));
}
END_TEST

START_TEST(a_raw_queue_takes_any_body)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *config = support_path("worker.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f, "queues = ( { name = \"%s\"; codec = \"raw\"; type = \"blob\"; } );\n", q);
	fclose(f);
	cleanup_free char *body = xprintf("echo $JOB_TYPE >>'%s'; cat >>'%s'", record, record);
	struct process w =
	    support_worker(support_url(), "--config", config, "--", support_script("h", body));
	support_publish_text(support_url(), q, "any bytes {");
	support_wait_lines(record, 2);
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
	f = fopen(record, "re");
	char line[64];
	ck_assert_str_eq(fgets(line, sizeof line, f), "blob\n");
	ck_assert_str_eq(fgets(line, sizeof line, f), "any bytes {\n");
	fclose(f);
}
END_TEST

START_TEST(a_worker_whose_guardian_dies_ends_and_its_job_runs_again)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	cleanup_free char *body = xprintf(
	    "echo $PPID >>'%s'; [ $(wc -l <'%s') -gt 1 ] || exec sleep 300", record, record);
	const char *script = support_script("h", body);
	send_job(support_url(), q, "t", "1", NULL, NULL);
	struct process w = support_worker(support_url(), "-q", q, "--", script);
	support_wait_lines(record, 1);
	FILE *f = fopen(record, "re");
	int guardian;
	ck_assert_int_eq(fscanf(f, "%d", &guardian), 1);
	fclose(f);
	kill(guardian, SIGKILL);
	ck_assert_int_eq(support_wait_exit(&w), 70);
	w = support_worker(support_url(), "-q", q, "--once", "--", script);
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_lines(record), 2);
}
END_TEST

START_TEST(weights_share_the_slots_out_between_queues)
{
	cleanup_free char *a = queue_name();
	cleanup_free char *b = queue_name();
	cleanup_free char *weighted = xprintf("%s:3", a);
	struct process w =
	    support_worker(support_url(), "-q", weighted, "-q", b, "-j", "8", "--log-level",
	                   "debug", "--", support_script("h", "exec sleep 300"));
	for (int i = 0; i < 10; i++) {
		send_job(support_url(), a, "t", "1", NULL, NULL);
		send_job(support_url(), b, "t", "1", NULL, NULL);
	}
	/* With 8 slots the shares are 6 and 2. What stays ready is what no share had room for. */
	support_wait_depth(support_url(), support_amqp(a, ""), 4);
	support_wait_depth(support_url(), support_amqp(b, ""), 8);
	kill(w.pid, SIGQUIT);
	support_wait_exit(&w);
}
END_TEST

struct nesting {
	const char *queue;
	char kind; /* 'A' or 'F' */
	int levels;
};

/* Runs on a thread of its own, since it takes a stack that is as deep. */
static void *publish_nested(void *data)
{
	const struct nesting *n = data;
	struct field f = {.kind = 'V'};
	for (int i = 0; i < n->levels; i++) {
		struct table *t = xcalloc(1, sizeof *t);
		table_add_take(t, "", f);
		f = (struct field){.kind = n->kind, .table = t};
	}
	struct message *m = message_create();
	message_set_body(m, "{\"type\":\"t\"}", 12);
	table_add_take(&m->headers, "deep", f);
	support_publish(support_url(), "warren.v1.jobs", support_amqp(n->queue, ""), m);
	message_destroy(m);
	return NULL;
}

START_TEST(headers_nested_as_deep_as_a_frame_allows_do_no_harm)
{
	cleanup_free char *q = queue_name();
	/* 4.x itself takes half a minute for a message that is nested so deeply. */
	int share = support_server_is(support_url(), 4, 0) ? 10 : 1;
	struct nesting nestings[] = {{q, 'A', 26000 / share}, {q, 'F', 21000 / share}};
	for (int i = 0; i < 2; i++) {
		pthread_t thread;
		pthread_attr_t roomy;
		pthread_attr_init(&roomy);
		pthread_attr_setstacksize(&roomy, (size_t)1 << 30);
		ck_assert_int_eq(pthread_create(&thread, &roomy, publish_nested, &nestings[i]), 0);
		pthread_join(thread, NULL);
		pthread_attr_destroy(&roomy);
	}
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("echo $JOB_ATTEMPT >>'%s'; [ $JOB_ATTEMPT = 2 ]", record);
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "2", "--", support_script("h", body));
	support_wait_lines(record, 4); /* each fails once and is published again */
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

START_TEST(an_exit_code_can_be_given_another_verdict)
{
	cleanup_free char *q = queue_name();
	const char *config = support_path("exits.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f,
	        "handlers = ( { type = \"*\"; run = \"exec:%s\"; exit = \"3=dead 65=ok\"; } );\n",
	        support_script("h", "read -r code; exit $code"));
	fclose(f);
	struct process w = support_worker(support_url(), "-q", q, "--config", config);
	send_job(support_url(), q, "t", "65", NULL, NULL);
	support_wait_log(&w, "ok in");
	send_job(support_url(), q, "t", "3", NULL, NULL);
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, "\"reason\":\"rejected\"");
	assert_has(letter, "\"exit\":3");
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

/* Returns how many kilobytes the process holds now. */
static long resident_of(pid_t pid)
{
	cleanup_free char *path = xprintf("/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "re");
	char line[256];
	long kib = -1;
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

START_TEST(a_handler_that_writes_without_end_neither_blocks_nor_bloats_the_worker)
{
	cleanup_free char *q = queue_name();
	const char *script =
	    support_script("h", "read -r n; head -c $n /dev/zero; head -c $n /dev/zero >&2");
	struct process w = support_worker(support_url(), "-q", q, "-j", "1", "--", script);
	send_job(support_url(), q, "little", "1000000", NULL, NULL);
	support_wait_log(&w, "ok in");
	long before = resident_of(w.pid);
	send_job(support_url(), q, "much", "1000000000", NULL, NULL);
	send_job(support_url(), q, "last", "0", NULL, NULL);
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	kill(w.pid, SIGTERM);
	support_wait_log(&w, "draining");
	long after = resident_of(w.pid);
	ck_assert_int_eq(support_wait_exit(&w), 0);
	printf("worker: %ld KiB before and %ld KiB after a handler that wrote 2 GB\n", before,
	       after);
	ck_assert_int_lt(after, before + 16 * 1024);
}
END_TEST

static const struct {
	const char *name, *script;
} odd_handlers[] = {
    {"never reads its stdin", "exit 0"},
    {"closes its outputs", "exec >&- 2>&-; sleep 0.3"},
    {"leaves a daemon that holds its outputs", "setsid sleep 300 & echo $! >\"$pids\"; exit 0"},
    {"leaves a child with an empty environment",
     "env -i /usr/bin/setsid /bin/sleep 300 & echo $! >\"$pids\"; exit 0"},
    {"writes bytes that are no text", "head -c 3000 /dev/urandom; head -c 3000 /dev/urandom >&2"},
};

START_TEST(an_odd_handler_is_done_all_the_same_and_leaves_nothing)
{
	cleanup_free char *q = queue_name();
	const char *pids = support_path("pids");
	cleanup_free char *script = xprintf("pids='%s'; %s", pids, odd_handlers[_i].script);
	struct process w =
	    support_worker(support_url(), "-q", q, "--once", "--", support_script("h", script));
	const char *args = support_path("args");
	FILE *f = fopen(args, "we");
	fputc('"', f);
	for (int i = 0; i < 900000; i++) /* more than a pipe holds */
		fputc('a', f);
	fputs("\"", f);
	fclose(f);
	cleanup_free char *at = xprintf("@%s", args);
	send_job(support_url(), q, "t", at, NULL, NULL);
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	f = fopen(pids, "re");
	int pid;
	if (f && fscanf(f, "%d", &pid) == 1)
		ck_assert_msg(kill(pid, 0) < 0, "what a handler left still runs: %s",
		              odd_handlers[_i].name);
	if (f)
		fclose(f);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

static Suite *worker_suite(void)
{
	Suite *s = suite_create("worker");
	TCase *c = tcase_create("worker");
	tcase_set_timeout(c, 150);
	tcase_add_test(c, a_job_that_exits_0_is_done_and_acknowledged);
	tcase_add_test(c, a_failing_job_is_retried_and_then_succeeds);
	tcase_add_loop_test(c, a_job_that_always_fails_ends_dead_with_its_reason, 0,
	                    (int)(sizeof endings / sizeof *endings));
	tcase_add_test(c, a_deadline_kills_the_whole_tree_and_is_counted_apart);
	tcase_add_test(c, a_message_that_is_no_job_goes_to_the_dead_queue_once_and_untouched);
	tcase_add_test(c, foreign_headers_survive_a_retry_and_the_brokers_own_do_not);
	tcase_add_test(c, foreign_headers_too_large_to_republish_make_the_job_dead_all_the_same);
	tcase_add_test(c, a_job_that_cannot_be_published_again_is_answered_for);
	tcase_add_test(c, an_expired_job_is_dead_without_running);
	tcase_add_test(c, a_job_that_arrives_early_waits_in_the_ring);
	tcase_add_test(c, delays_are_kept_and_their_error_is_printed);
	tcase_add_test(c, a_type_without_a_handler_goes_round_on_a_budget_of_its_own);
	tcase_add_test(c, a_handler_that_cannot_be_started_returns_its_jobs_uncounted);
	tcase_add_test(c, two_jobs_with_one_id_both_run);
	tcase_add_test(c, a_killed_worker_takes_its_handlers_along_and_loses_no_job);
	tcase_add_test(c, a_job_that_runs_through_a_reconnect_is_not_run_twice);
	tcase_add_test(c, count_runs_so_many_jobs_and_no_more);
	tcase_add_test(c, a_missing_queue_ends_the_worker_and_names_the_command);
	tcase_add_test(c, a_handler_that_is_not_there_ends_the_worker_before_it_connects);
	tcase_add_test(c, a_raw_queue_takes_any_body);
	tcase_add_test(c, a_worker_whose_guardian_dies_ends_and_its_job_runs_again);
	tcase_add_test(c, weights_share_the_slots_out_between_queues);
	tcase_add_test(c, headers_nested_as_deep_as_a_frame_allows_do_no_harm);
	tcase_add_test(c, an_exit_code_can_be_given_another_verdict);
	tcase_add_test(c, a_handler_that_writes_without_end_neither_blocks_nor_bloats_the_worker);
	tcase_add_loop_test(c, an_odd_handler_is_done_all_the_same_and_leaves_nothing, 0,
	                    (int)(sizeof odd_handlers / sizeof *odd_handlers));
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(worker_suite());
}
