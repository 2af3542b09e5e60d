/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests what differs between brokers by version or by setting: counting of returns, limits, frames,
 * sizes, timeouts.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/job/headers.h"
#include "common/base/memory.h"
#include "tests/support/support.h"

static char *queue_name(const char *url)
{
	return xstrdup(support_queue(url));
}

static void assert_exit(struct result r, int code, const char *text)
{
	if (r.code != code || (text && !strstr(r.err, text) && !strstr(r.out, text)))
		ck_abort_msg("exit %d, stdout: %s stderr: %s", r.code, r.out, r.err);
	support_result_free(&r);
}

static void send_job(const char *url, const char *queue, const char *type, const char *args)
{
	assert_exit(support_producer(url, NULL, "send", type, args, "-q", queue), 0, NULL);
}

/*
 * Gives two slots, but only one handler at a time. So one of two jobs runs until `gate` is there,
 * and the other waits in the worker.
 */
static const char *narrow_config(const char *queue, const char *record, const char *gate)
{
	cleanup_free char *body = xprintf("read -r n; echo \"$n\" >>'%s'; [ \"$n\" != 1 ] || until "
	                                  "[ -e '%s' ]; do sleep 0.1; done",
	                                  record, gate);
	const char *script = support_script("narrow", body), *config = support_path("narrow.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f,
	        "queues = ( { name = \"%s\"; } );\nslots = 2;\n"
	        "handlers = ( { type = \"*\"; run = \"exec:%s\"; concurrency = 1; } );\n",
	        queue, script);
	fclose(f);
	return config;
}

static struct process start_narrow_worker(const char *url, const char *queue, const char *record,
                                          const char *gate)
{
	return support_worker(url, "--config", narrow_config(queue, record, gate));
}

static void open_gate(const char *gate)
{
	fclose(fopen(gate, "we"));
}

/* ---- returns ---- */

/*
 * Before 4.3 every return counts towards the delivery limit, and from the third on a job looks like
 * one that kills workers.
 */
START_TEST(a_job_that_is_given_back_sixty_times_runs_all_the_same)
{
	enum { TIMES = 60 };
	const char *url = support_url(), *record = support_path("record"),
	           *gate = support_path("gate");
	cleanup_free char *q = queue_name(url);
	struct process w = start_narrow_worker(url, q, record, gate);
	send_job(url, q, "t", "1");
	support_wait_lines(record, 1);
	send_job(url, q, "t", "2");
	for (int i = 0; i < TIMES; i++) {
		support_wait_depth(url, support_amqp(q, ""), 0);
		kill(w.pid, SIGTSTP);
		support_wait_depth(url, support_amqp(q, ""), 1);
		kill(w.pid, SIGCONT);
	}
	support_wait_depth(url, support_amqp(q, ""), 0);
	open_gate(gate);
	support_wait_lines(record, 2);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert(!support_log_has(&w, "workers were lost"));
	ck_assert_uint_eq(support_depth(url, support_amqp(q, ".dead")), 0);
	ck_assert_uint_eq(support_lines(record), 2);
}
END_TEST

START_TEST(a_job_that_is_given_back_does_not_count_as_one_of_those_to_run)
{
	const char *url = support_url(), *record = support_path("record"),
	           *gate = support_path("gate");
	cleanup_free char *q = queue_name(url);
	struct process w =
	    support_worker(url, "--config", narrow_config(q, record, gate), "--count", "2");
	send_job(url, q, "t", "1");
	support_wait_lines(record, 1);
	send_job(url, q, "t", "2");
	support_wait_depth(url, support_amqp(q, ""), 0);
	kill(w.pid, SIGTSTP);
	support_wait_depth(url, support_amqp(q, ""), 1);
	kill(w.pid, SIGCONT);
	support_wait_log(&w, "consuming goes on");
	open_gate(gate);
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_lines(record), 2);
	ck_assert(support_log_has(&w, "3 jobs taken, 2 ok, 0 put off, 0 dead, 1 given back"));
}
END_TEST

START_TEST(letters_that_are_listed_again_and_again_stay)
{
	const char *url = support_url();
	cleanup_free char *q = queue_name(url);
	support_publish_text(url, q, "no job");
	struct process w = support_worker(url, "-q", q, "--", "/bin/true");
	support_wait_depth(url, support_amqp(q, ".dead"), 1);
	ck_assert_int_eq(support_terminate(&w), 0);
	for (int i = 0; i < 25; i++) /* the default limit is 20 from 4.0 on */
		assert_exit(support_producer(url, NULL, "dead", "list", "-q", q), 0, "malformed");
	ck_assert_uint_eq(support_depth(url, support_amqp(q, ".dead")), 1);
}
END_TEST

/* ---- queues ---- */

static int put_transient_queue(const struct node *n, const char *name)
{
	cleanup_free char *command =
	    xprintf("curl -sf -o /dev/null -X PUT -H 'content-type: application/json' "
	            "-d '{\"durable\":false,\"auto_delete\":false}' '%s/api/queues/%%2F/%s'",
	            n->mgmt_url, name);
	return system(command);
}

/* 4.x can be told to refuse what later versions will refuse. Older ones have no such setting. */
START_TEST(nothing_is_used_that_is_deprecated)
{
	struct node node;
	bool strict = support_server_is(support_url(), 4, 0);
	support_node_start_with(
	    &node, "",
	    strict ? "deprecated_features.permit.transient_nonexcl_queues = false\n"
	             "deprecated_features.permit.global_qos = false"
	           : "");
	const char *url = node.url;
	cleanup_free char *q = queue_name(url);
	ck_assert_int_eq(put_transient_queue(&node, q) != 0, strict);
	struct process w = support_worker(url, "-q", q, "--", "/bin/echo", "\"answer\"");
	assert_exit(support_producer(url, NULL, "send", "t", "1", "-q", q, "--wait=30s"), 0,
	            "\"answer\"");
	assert_exit(
	    support_producer(url, NULL, "send", "t", "1", "-q", q, "--delay", "1s", "--wait=30s"),
	    0, "\"answer\"");
	ck_assert_int_eq(support_terminate(&w), 0);
	support_node_stop(&node);
}
END_TEST

/* ---- frames ---- */

static struct message *with_header(const char *body, size_t size)
{
	struct message *m = message_create();
	message_set_body(m, body, strlen(body));
	char *text = xcalloc(size + 1, 1);
	memset(text, 'x', size);
	table_set_string(&m->headers, "tenant", text);
	free(text);
	return m;
}

static void assert_refused_and_goes_on(const char *url, const char *queue)
{
	struct error err = {0};
	struct message *large = with_header("{\"type\":\"t\"}", 10240),
	               *small = with_header("{\"type\":\"t\"}", 100);
	struct broker *b = support_connect(url);
	struct broker_event e;
	ck_assert_uint_eq(broker_header_max(b), 8192 - 8);
	ck_assert_int_eq(broker_open_channel(b, 1, true, &err), 0);
	ck_assert_int_eq(broker_publish(b, 1, "", support_amqp(queue, ""), large, NULL, &err), -1);
	ck_assert_msg(err.kind == ERROR_DATA && strstr(err.text, "fit into a frame"), "%s",
	              err.text);
	ck_assert(!broker_broken(b));
	ck_assert_int_eq(broker_publish(b, 1, "", support_amqp(queue, ".dead"), small, NULL, &err),
	                 0);
	ck_assert_int_eq(broker_read(b, SUPPORT_MS, &e, &err), 0);
	ck_assert_int_eq(e.kind, BROKER_ACKED);
	broker_destroy(b, true);
	message_destroy(large);
	message_destroy(small);
	message_destroy(support_take(url, support_amqp(queue, ".dead")));
}

static void assert_dead_letters(const char *url, const char *queue, const char *text)
{
	assert_exit(support_producer(url, NULL, "dead", "list", "-q", queue, "--json"), 0, text);
}

START_TEST(headers_keep_to_the_frame_that_the_broker_wants)
{
	struct node node;
	support_node_start_with(&node, "", "frame_max = 8192");
	const char *url = node.url;
	cleanup_free char *q = queue_name(url);
	assert_refused_and_goes_on(url, q);
	struct process w = support_worker(
	    url, "-q", q, "--",
	    support_script("h", "yes 'a word of complaint' | head -c 60000 >&2; exit 65"));
	/* The box is shortened. */
	send_job(url, q, "t", "1");
	support_wait_depth(url, support_amqp(q, ".dead"), 1);
	assert_dead_letters(url, q, "a word of complaint");
	/*
	 * The box has no room beside such headers, so the broker dead-letters the job in its own
	 * way.
	 */
	struct message *m = with_header("{\"type\":\"t\"}", 6000);
	support_publish(url, "warren.v1.jobs", support_amqp(q, ""), m);
	message_destroy(m);
	support_wait_log(&w, "headers that others added are larger than");
	support_wait_depth(url, support_amqp(q, ".dead"), 2);
	ck_assert(!support_log_has(&w, "connection is down"));
	ck_assert_int_eq(support_terminate(&w), 0);
	support_node_stop(&node);
}
END_TEST

/* ---- sizes ---- */

enum { LARGE = 300000, SMALL_LINES = 200 };

static char *large_text(void)
{
	char *text = xcalloc(LARGE + 3, 1);
	memset(text, 'x', LARGE + 2);
	text[0] = text[LARGE + 1] = '"';
	return text;
}

static void assert_batch_loses_only_the_large_one(const char *url)
{
	cleanup_free char *q = queue_name(url);
	const char *lines = support_path("lines.jsonl"), *receipts = support_path("receipts");
	cleanup_free char *large = large_text();
	FILE *f = fopen(lines, "we");
	for (int i = 0; i < SMALL_LINES; i++) {
		if (i == SMALL_LINES / 2)
			fprintf(f, "%s\n", large);
		fprintf(f, "%d\n", i);
	}
	fclose(f);
	struct result r =
	    support_producer(url, NULL, "batch", "t", lines, "-q", q, "--receipts", receipts);
	if (r.code != 1 || !strstr(r.out, "confirmed 200 ") || !strstr(r.out, "rejected 1 ") ||
	    !strstr(r.err, "lines.jsonl:101: ") || !strstr(r.err, "message size"))
		ck_abort_msg("exit %d, stdout: %s stderr: %.2000s", r.code, r.out, r.err);
	support_result_free(&r);
	ck_assert_uint_ge(support_depth(url, support_amqp(q, "")), SMALL_LINES);
	assert_exit(support_producer(url, large, "send", "t", "-", "-q", q), 1, "message size");
}

/*
 * The limit was lowered while a large job lay in its queue, so the worker cannot publish it again.
 */
START_TEST(a_message_that_is_too_large_for_the_broker_costs_no_other)
{
	struct node node;
	support_node_start(&node);
	const char *url = node.url;
	cleanup_free char *q = queue_name(url);
	cleanup_free char *large = large_text();
	assert_exit(support_producer(url, large, "send", "t", "-", "-q", q), 0, NULL);
	support_node_stop(&node);
	support_node_configure(&node, "max_message_size = 100000");
	support_node_again(&node);

	assert_batch_loses_only_the_large_one(url);
	struct process w = support_worker(url, "-q", q, "-j", "2", "--", "/bin/false");
	support_wait_log(&w, "the broker takes no such message");
	support_wait_depth(url, support_amqp(q, ".dead"), 1);
	assert_exit(support_producer(url, NULL, "send", "t", "1", "-q", q, "--retries", "2",
	                             "--backoff", "fixed:100ms"),
	            0, NULL);
	support_wait_depth(url, support_amqp(q, ".dead"), 2);
	ck_assert_int_eq(support_terminate(&w), 0);
	support_node_stop(&node);
}
END_TEST

/* ---- consumer_timeout ---- */

static int put_timeout_policy(const char *queue)
{
	cleanup_free char *command = xprintf("curl -sf -o /dev/null -X PUT -H 'content-type: "
	                                     "application/json' -d '{\"pattern\":\"^%s$\","
	                                     "\"apply-to\":\"queues\",\"definition\":{\"consumer-"
	                                     "timeout\":5000}}' '%s/api/policies/%%2F/%s'",
	                                     support_amqp(queue, ""), support_mgmt_url(), queue);
	return system(command);
}

static void wait_log_for(struct process *p, const char *text, int64_t ms)
{
	int64_t until = support_now() + ms;
	while (!support_log_has(p, text) && support_now() < until)
		support_pause();
	support_wait_log(p, text);
}

/*
 * 3.12 to 4.2 look once a minute and close the channel. From 4.3 on the consumer is cancelled at
 * once, and what it held goes back uncounted. 3.10 knows only a timeout for a whole node.
 */
START_TEST(a_job_that_is_held_too_long_for_its_queue_is_told_and_not_run_twice)
{
	const char *url = support_url(), *record = support_path("record"),
	           *gate = support_path("gate");
	bool per_queue = support_server_is(url, 3, 12), cancels = support_server_is(url, 4, 3);
	cleanup_free char *q = queue_name(url);
	ck_assert_int_eq(put_timeout_policy(q) == 0, per_queue);
	struct process w = start_narrow_worker(url, q, record, gate);
	send_job(url, q, "t", "1");
	support_wait_lines(record, 1);
	if (per_queue) {
		wait_log_for(&w, "longer than the broker's consumer_timeout", 100000);
		support_wait_log(&w, cancels ? "cancelled consumer" : "PRECONDITION_FAILED");
		support_wait_log(&w, "not run twice");
	}
	open_gate(gate);
	support_wait_log(&w, "ok in");
	support_wait_depth(url, support_amqp(q, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(url, support_amqp(q, "")), 0);
	ck_assert_uint_eq(support_lines(record), 1);
}
END_TEST

/* ---- redelivery ---- */

/*
 * A job that came back from the ring is another message than the one that was acknowledged before.
 */
START_TEST(a_job_that_came_too_early_runs_though_the_connection_is_lost_later)
{
	const char *url = support_url(), *record = support_path("record"),
	           *gate = support_path("gate");
	cleanup_free char *q = queue_name(url);
	struct process w = start_narrow_worker(url, q, record, gate);
	send_job(url, q, "t", "1");
	support_wait_lines(record, 1);
	char when[CLOCK_TEXT_SIZE];
	cleanup_free char *early =
	    xprintf("{\"id\":\"early\",\"type\":\"t\",\"args\":2,\"not_before\":\"%s\"}",
	            clock_format(clock_now_ms() + 2000, when));
	support_publish_text(url, q, early);
	support_wait_log(&w, "not_before lies ahead");
	kill(w.pid, SIGTSTP);
	support_wait_depth(url, support_amqp(q, ""), 1);
	kill(w.pid, SIGCONT);
	support_wait_depth(url, support_amqp(q, ""), 0); /* it waits in the worker */
	cleanup_free char *connection = xprintf(":%d consume", (int)w.pid);
	support_wait(support_close_connections(support_mgmt_url(), connection) > 0,
	             "the worker's connection");
	support_wait_log(&w, "connection is down");
	open_gate(gate);
	support_wait_lines(record, 2);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

static Suite *newer_suite(void)
{
	Suite *s = suite_create("newer");
	TCase *c = tcase_create("newer"), *own = tcase_create("nodes");
	tcase_set_timeout(c, 180);
	tcase_set_timeout(own, 300);
	tcase_add_test(c, a_job_that_is_given_back_sixty_times_runs_all_the_same);
	tcase_add_test(c, a_job_that_is_given_back_does_not_count_as_one_of_those_to_run);
	tcase_add_test(c, letters_that_are_listed_again_and_again_stay);
	tcase_add_test(own, nothing_is_used_that_is_deprecated);
	tcase_add_test(own, headers_keep_to_the_frame_that_the_broker_wants);
	tcase_add_test(own, a_message_that_is_too_large_for_the_broker_costs_no_other);
	tcase_add_test(c, a_job_that_is_held_too_long_for_its_queue_is_told_and_not_run_twice);
	tcase_add_test(c, a_job_that_came_too_early_runs_though_the_connection_is_lost_later);
	suite_add_tcase(s, c);
	suite_add_tcase(s, own);
	return s;
}

int main(void)
{
	return support_main(newer_suite());
}
