/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests packed jobs. They travel together, and each of them is run, retried, buried and given back
 * as a job by itself.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/job/headers.h"
#include "common/base/memory.h"
#include "common/job/pack.h"
#include "tests/integration/handling.h"
#include "tests/support/support.h"

enum { KILLS = 3 };

/* Makes the documents j-1 to j-count, to be tried again after 100 ms. */
static struct buf documents(int count)
{
	struct buf lines = {0};
	for (int i = 1; i <= count; i++)
		buf_printf(&lines,
		           "{\"id\":\"j-%d\",\"type\":\"t\",\"args\":%d,"
		           "\"retry\":{\"backoff\":{\"kind\":\"fixed\",\"base_ms\":100}}}\n",
		           i, i);
	return lines;
}

static void publish_packed(const char *q, const char *lines, const char *pack)
{
	struct result r = support_producer(support_url(), lines, "batch", "-", "-q", q, "--pack",
	                                   pack, "--progress", "none");
	ck_assert_msg(r.code == 0, "batch: %s", r.err);
	support_result_free(&r);
}

static void publish_numbered(const char *q, int count, const char *pack)
{
	struct buf lines = documents(count);
	publish_packed(q, lines.data, pack);
	buf_finish(&lines);
}

/* Publishes a stranger's pack with any body. */
static void publish_named(const char *q, const char *message_id, const char *body)
{
	struct message *m = message_create();
	m->content_type = xstrdup(PACK_CONTENT_TYPE);
	m->message_id = xstrdup(message_id);
	message_set_body(m, body, strlen(body));
	support_publish(support_url(), "warren.v1.jobs", support_amqp(q, ""), m);
	message_destroy(m);
}

static void publish_body(const char *q, const char *body)
{
	publish_named(q, NULL, body);
}

/* Publishes the documents as one pack, however busy the machine is: `batch` sends a pack that is
 * not full after a moment. */
static void publish_one_pack(const char *q, int count)
{
	struct buf lines = documents(count), body = {0};
	lines.data[lines.len - 1] = ']';
	for (char *c = lines.data; *c; c++)
		*c = *c == '\n' ? ',' : *c;
	buf_printf(&body, "[%s", lines.data);
	publish_named(q, "pack", body.data);
	buf_finish(&body);
	buf_finish(&lines);
}

/* Makes a handler that writes the id down and then does what the script says. */
static const char *recorder(const char *record, const char *then)
{
	cleanup_free char *body = xprintf("echo \"$JOB_ID\" >>'%s'\n%s", record, then);
	return support_script("h", body);
}

static void assert_empty(const char *q)
{
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}

static void wait_dead(const char *q, uint32_t count)
{
	support_wait_depth(support_url(), support_amqp(q, ".dead"), count);
}

static char *letters(const char *q)
{
	struct result r = support_producer(support_url(), NULL, "dead", "list", "-q", q, "--json");
	ck_assert_int_eq(r.code, 0);
	free(r.err);
	return r.out;
}

/* Ends the connection that the worker of that name consumes with. */
static void cut(const char *name)
{
	cleanup_free char *connection = xprintf("%s consume", name);
	/* The management API shows a connection a few seconds after it was made. */
	support_wait(support_close_connections(support_mgmt_url(), connection) > 0,
	             "a connection to close");
}

START_TEST(they_travel_together_and_run_one_by_one)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	publish_numbered(q, 25, "10");
	support_wait_depth(support_url(), support_amqp(q, ""), 3);
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "4", "--", recorder(record, "exit 0"));
	support_wait_distinct(record, 25);
	assert_empty(q);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 25);
	ck_assert(support_log_has(&w, "25 jobs taken, 25 ok"));
}
END_TEST

/*
 * One pack has jobs that are retried, dead, of another type, expired and early, and one that is no
 * job.
 */
START_TEST(each_has_a_verdict_of_its_own)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	static const char document[] = "{\"id\":\"dies\", \"type\":\"t\",\"args\":[ 1e2 ]}";
	cleanup_free char *body =
	    xprintf("[{\"id\":\"good\",\"type\":\"t\"},%s,{\"id\":\"no-job\"},"
	            "{\"id\":\"again\",\"type\":\"t\",\"retry\":{\"backoff\":{\"kind\":\"fixed\","
	            "\"base_ms\":100}}},"
	            "{\"id\":\"late\",\"type\":\"t\",\"expires_at\":\"2020-01-01T00:00:00Z\"},{]]",
	            document);
	publish_body(q, body);
	struct process w = support_worker(
	    support_url(), "-q", q, "--",
	    recorder(record,
	             "case $JOB_ID-$JOB_ATTEMPT in again-1) exit 75;; dies-1) exit 100;; esac"));
	wait_dead(q, 4);
	support_wait(support_lines_with(record, "again") == 2, "the second try");
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 4); /* good, dies, again twice */
	cleanup_free char *all = letters(q);
	assert_has(all, "\"reason\":\"rejected\"");
	assert_has(all, "\"reason\":\"expired\"");
	assert_has(all, "\"reason\":\"malformed\"");
	struct message *m = support_take(support_url(), support_amqp(q, ".dead"));
	for (int i = 0; i < 3 && strcmp(m->message_id, "dies") != 0; i++) {
		message_destroy(m);
		m = support_take(support_url(), support_amqp(q, ".dead"));
	}
	ck_assert_str_eq(m->message_id, "dies");
	ck_assert_str_eq(m->content_type, HEADERS_CONTENT_TYPE);
	ck_assert_str_eq(m->body, document);
	message_destroy(m);
}
END_TEST

START_TEST(a_pack_that_cannot_be_opened_is_one_dead_letter_and_comes_back_whole)
{
	cleanup_free char *q = queue_name();
	static const char broken[] = "[{\"id\":\"a\",\"type\":\"t\"},{\"id\":\"b\",\"type\":\"t\"}";
	publish_body(q, broken);
	struct process w = support_worker(support_url(), "-q", q, "--", "true");
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, "\"reason\":\"malformed\"");
	assert_has(letter, "the text ends inside");
	struct result r = support_producer(support_url(), NULL, "dead", "replay", "-q", q);
	ck_assert_msg(r.code == 0, "replay: %s", r.err);
	support_result_free(&r);
	support_wait(support_log_has(&w, "dead (malformed)"), "the first end");
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	wait_dead(q, 1);
	ck_assert_int_eq(support_terminate(&w), 0);
	struct message *m = support_take(support_url(), support_amqp(q, ".dead"));
	ck_assert_str_eq(m->content_type, PACK_CONTENT_TYPE);
	ck_assert_str_eq(m->body, broken);
	message_destroy(m);
}
END_TEST

/*
 * In a pack that has begun, what is done is not done again, what runs ends, and the rest goes back
 * job by job.
 */
START_TEST(a_drain_gives_back_what_has_not_begun_and_runs_nothing_twice)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body =
	    xprintf("[ $JOB_ID != j-2 ] || until [ -e '%s' ]; do sleep 0.05; done", go);
	const char *handler = recorder(record, body);
	publish_one_pack(q, 6);
	struct process w = support_worker(support_url(), "-q", q, "-j", "1", "--", handler);
	support_wait_distinct(record, 2);
	kill(w.pid, SIGTERM);
	support_wait_log(&w, "draining");
	support_wait_depth(support_url(), support_amqp(q, ""), 4);
	fclose(fopen(go, "we"));
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_lines(record), 2);
	support_wait_depth(support_url(), support_amqp(q, ""), 4);
	w = support_worker(support_url(), "-q", q, "-j", "1", "--", handler);
	support_wait_distinct(record, 6);
	assert_empty(q);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 6);
}
END_TEST

/*
 * The second pack is here and unopened, because jobs of the first still wait. Nobody has touched
 * it, and it goes back as it came.
 */
START_TEST(a_pack_that_has_not_begun_goes_back_whole)
{
	enum { RUNNING = 2, WAITING = 4 };
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body = xprintf("until [ -e '%s' ]; do sleep 0.05; done", go);
	publish_numbered(q, RUNNING + WAITING, "10");
	publish_packed(q, "{\"id\":\"p-1\",\"type\":\"t\"}\n{\"id\":\"p-2\",\"type\":\"t\"}\n",
	               "10");
	support_wait_depth(support_url(), support_amqp(q, ""), 2);
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "2", "--", recorder(record, body));
	support_wait_distinct(record, RUNNING);
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	kill(w.pid, SIGTERM);
	support_wait_log(&w, "draining");
	fclose(fopen(go, "we"));
	ck_assert_int_eq(support_wait_exit(&w), 0);
	support_wait_depth(support_url(), support_amqp(q, ""), WAITING + 1);
	size_t packs = 0;
	for (int i = 0; i < WAITING + 1; i++) {
		struct message *m = support_take(support_url(), support_amqp(q, ""));
		packs += pack_is(m);
		message_destroy(m);
	}
	ck_assert_uint_eq(packs, 1);
	ck_assert_uint_eq(support_lines(record), RUNNING);
}
END_TEST

START_TEST(a_pack_that_comes_again_after_a_reconnect_is_gone_on_with)
{
	cleanup_free char *q = queue_name(), *name = xprintf("worker-of-%s", q);
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body =
	    xprintf("[ $JOB_ID != j-4 ] || until [ -e '%s' ]; do sleep 0.05; done", go);
	publish_one_pack(q, 8);
	struct process w = support_worker(support_url(), "-q", q, "-j", "1", "--name", name, "--",
	                                  recorder(record, body));
	support_wait_distinct(record, 4);
	cut(name);
	support_wait_log(&w, "j-4] delivered again after a reconnect while it is still in hand");
	support_wait_log(&w, "j-3] delivered again though it was finished here");
	fclose(fopen(go, "we"));
	support_wait_distinct(record, 8);
	assert_empty(q);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 8);
}
END_TEST

/* Such jobs are known by the id of their pack. */
START_TEST(jobs_without_ids_are_recognised_too)
{
	cleanup_free char *q = queue_name(), *name = xprintf("worker-of-%s", q);
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body = xprintf(
	    "read -r n; echo $n >>'%s'; [ $n != 2 ] || until [ -e '%s' ]; do sleep 0.05; done",
	    record, go);
	publish_named(q, "the-pack",
	              "[{\"type\":\"t\",\"args\":1},{\"type\":\"t\",\"args\":2},{\"type\":\"t\","
	              "\"args\":3}]");
	struct process w = support_worker(support_url(), "-q", q, "-j", "1", "--name", name, "--",
	                                  support_script("h", body));
	support_wait_distinct(record, 2);
	cut(name);
	support_wait_log(&w, "while it is still in hand");
	fclose(fopen(go, "we"));
	support_wait_distinct(record, 3);
	assert_empty(q);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 3);
}
END_TEST

START_TEST(a_killed_worker_loses_none_and_the_pack_is_split_when_it_was_the_third)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body =
	    xprintf("[ $JOB_ID != j-2 ] || until [ -e '%s' ]; do sleep 0.05; done", go);
	const char *handler = recorder(record, body);
	publish_one_pack(q, 4);
	for (int i = 0; i < KILLS; i++) {
		struct process w = support_worker(support_url(), "-q", q, "-j", "1", "--", handler);
		support_wait(support_lines_with(record, "j-2") == (size_t)i + 1, "the second job");
		kill(w.pid, SIGKILL);
		ck_assert_int_eq(support_wait_exit(&w), 128 + SIGKILL);
		support_wait_depth(support_url(), support_amqp(q, ""), 1);
	}
	fclose(fopen(go, "we"));
	struct process w = support_worker(support_url(), "-q", q, "-j", "1", "--", handler);
	support_wait_log(&w, "j-1] not run now (workers were lost while they held it)");
	support_wait_log(&w, "j-4] not run now (workers were lost while they held it)");
	support_wait_distinct(record, 4);
	assert_empty(q);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(count_takes_so_many_of_a_pack_and_the_others_go_back)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	publish_one_pack(q, 5);
	struct process w = support_worker(support_url(), "-q", q, "--count", "2", "--",
	                                  recorder(record, "exit 0"));
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_lines(record), 2);
	support_wait_depth(support_url(), support_amqp(q, ""), 3);
	w = support_worker(support_url(), "-q", q, "--burst", "--", recorder(record, "exit 0"));
	ck_assert_int_eq(support_wait_exit(&w), 0);
	support_wait_distinct(record, 5);
	ck_assert_uint_eq(support_lines(record), 5);
}
END_TEST

/* Two jobs with the same bytes and no id are two jobs. */
START_TEST(twins_in_a_pack_both_run)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record");
	publish_body(q, "[{\"type\":\"t\"},{\"type\":\"t\"},{\"id\":\"x\",\"type\":\"t\"},{\"id\":"
	                "\"x\",\"type\":\"t\"}]");
	struct process w = support_worker(support_url(), "-q", q, "--", recorder(record, "exit 0"));
	support_wait_lines(record, 4);
	assert_empty(q);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 4);
}
END_TEST

/* There are many more jobs than slots. */
START_TEST(many_packs_are_opened_as_there_is_room)
{
	enum { JOBS = 3000 };
	cleanup_free char *q = queue_name(),
	                  *handler = xprintf("*=plugin:%s", getenv("WARREN_ODD_PLUGIN"));
	const char *path = support_path("done");
	struct buf lines = {0};
	for (int i = 0; i < JOBS; i++)
		buf_printf(&lines, "{\"id\":\"q-%d\",\"type\":\"quick\",\"args\":\"%s\"}\n", i,
		           path);
	publish_packed(q, lines.data, "100");
	buf_finish(&lines);
	struct process w = support_worker(support_url(), "-q", q, "-j", "10", "--handler", handler);
	support_wait_distinct(path, JOBS);
	assert_empty(q);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(path), JOBS);
}
END_TEST

/* The shares of the slots hold for jobs that came in one message too. */
START_TEST(a_pack_takes_no_more_than_its_queues_share_of_the_slots)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *other = queue_name();
	cleanup_free char *light = xprintf("%s:1", q), *heavy = xprintf("%s:10", other);
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body =
	    xprintf("[ $JOB_ID = free ] || until [ -e '%s' ]; do sleep 0.05; done", go);
	publish_one_pack(q, 20);
	struct process w = support_worker(support_url(), "-q", light, "-q", heavy, "-j", "4", "--",
	                                  recorder(record, body));
	support_wait_distinct(record, 1);
	publish_packed(other, "{\"id\":\"free\",\"type\":\"t\"}\n", "1");
	support_wait(support_lines_with(record, "free") == 1, "the other queue's job");
	ck_assert_uint_eq(support_lines(record), 2);
	fclose(fopen(go, "we"));
	support_wait_distinct(record, 21);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

/*
 * A few of the jobs find it out, as with jobs that come alone, and the others stay in their packs.
 */
START_TEST(packs_rest_while_their_handler_cannot_be_started)
{
	cleanup_free char *q = queue_name();
	const char *program = support_script("h", "exit 0");
	struct process w = support_worker(support_url(), "-q", q, "-j", "2", "--", program);
	support_wait_log(&w, "consuming from");
	ck_assert_int_eq(unlink(program), 0);
	publish_numbered(q, 300, "100");
	support_wait_log(&w, "because its handler is paused");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_lt(support_lines_with(w.log, "its handler is paused"), 20);
}
END_TEST

/*
 * A job that cannot be published again cannot leave its pack. Nothing has failed, so nothing is
 * dead.
 */
START_TEST(a_pack_with_headers_too_large_to_republish_goes_back_whole)
{
	cleanup_free char *q = queue_name();
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body =
	    xprintf("[ $JOB_ID != j-2 ] || until [ -e '%s' ]; do sleep 0.05; done", go);
	char large[70001];
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = 0;
	struct message *m = message_create();
	m->content_type = xstrdup(PACK_CONTENT_TYPE);
	table_set_string(&m->headers, "large", large);
	static const char jobs[] = "[{\"id\":\"j-1\",\"type\":\"t\"},{\"id\":\"j-2\",\"type\":"
	                           "\"t\"},{\"id\":\"j-3\",\"type\":\"t\"}]";
	message_set_body(m, jobs, sizeof jobs - 1);
	support_publish(support_url(), "warren.v1.jobs", support_amqp(q, ""), m);
	message_destroy(m);
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "1", "--", recorder(record, body));
	support_wait_distinct(record, 2);
	kill(w.pid, SIGTERM);
	support_wait_log(&w, "draining");
	fclose(fopen(go, "we"));
	ck_assert_int_eq(support_wait_exit(&w), 0);
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

/* ---- the producer ---- */

START_TEST(what_was_read_is_sent_when_the_next_file_is_missing)
{
	cleanup_free char *q = queue_name();
	const char *file = support_path("lines.jsonl");
	FILE *f = fopen(file, "we");
	fputs("1\n2\n3\n", f);
	fclose(f);
	struct result r = support_producer(support_url(), NULL, "batch", "t", file,
	                                   support_path("none.jsonl"), "-q", q, "--pack", "100");
	ck_assert_int_eq(r.code, 66);
	support_result_free(&r);
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
}
END_TEST

START_TEST(a_pack_holds_no_more_than_the_largest_message)
{
	cleanup_free char *q = queue_name();
	struct buf lines = {0};
	for (int i = 0; i < 10; i++)
		buf_printf(&lines, "\"%0400d\"\n", i);
	setenv("WARREN_MAX_BODY", "2000", 1);
	struct result r =
	    support_producer(support_url(), lines.data, "batch", "t", "-q", q, "--pack", "100");
	ck_assert_msg(r.code == 0, "batch: %s", r.err);
	assert_has(r.out, "confirmed 10");
	support_result_free(&r);
	buf_finish(&lines);
	uint32_t messages = support_depth(support_url(), support_amqp(q, ""));
	ck_assert_uint_gt(messages, 2);
	ck_assert_uint_lt(messages, 6);
	while (messages-- > 0) {
		struct message *m = support_take(support_url(), support_amqp(q, ""));
		ck_assert_uint_le(m->body_len, 2000);
		message_destroy(m);
	}
}
END_TEST

/*
 * Jobs share a message into the queue of their types. A job that is not due yet goes into the ring
 * alone.
 */
START_TEST(only_jobs_for_one_queue_that_are_due_share_a_message)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *other = queue_name();
	cleanup_free char *config = xprintf(
	    "default_queue = \"%s\";\nroutes = ({ type = \"u*\"; queue = \"%s\"; });\n", q, other);
	const char *path = support_path("producer.cfg");
	FILE *f = fopen(path, "we");
	fputs(config, f);
	fclose(f);
	char tomorrow[CLOCK_TEXT_SIZE];
	cleanup_free char *lines =
	    xprintf("{\"type\":\"t\"}\n{\"type\":\"u1\"}\n{\"type\":\"t\"}\n{\"type\":\"u2\"}\n"
	            "{\"type\":\"t\",\"not_before\":\"%s\"}\n",
	            clock_format(clock_now_ms() + 86400000, tomorrow));
	struct result r =
	    support_producer(support_url(), lines, "batch", "-", "--pack", "10", "--config", path);
	ck_assert_msg(r.code == 0, "batch: %s", r.err);
	assert_has(r.out, "sent 5 confirmed 5");
	support_result_free(&r);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 1);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(other, "")), 1);
	struct message *m = support_take(support_url(), support_amqp(other, ""));
	assert_has(m->body, "\"u1\"");
	assert_has(m->body, "\"u2\"");
	message_destroy(m);
}
END_TEST

/* Receipts know nothing of packs. */
START_TEST(each_line_has_its_receipt_and_resumes_by_itself)
{
	cleanup_free char *q = queue_name();
	const char *receipts = support_path("receipts");
	struct buf lines = documents(5);
	struct result r = support_producer(support_url(), lines.data, "batch", "-", "-q", q,
	                                   "--pack", "3", "--receipts", receipts);
	ck_assert_msg(r.code == 0, "batch: %s", r.err);
	support_result_free(&r);
	ck_assert_uint_eq(support_lines_with(receipts, "\"confirmed\""), 5);
	buf_append_text(&lines, "{\"id\":\"j-6\",\"type\":\"t\"}\n");
	r = support_producer(support_url(), lines.data, "batch", "-", "-q", q, "--pack", "3",
	                     "--resume", receipts);
	ck_assert_msg(r.code == 0, "batch: %s", r.err);
	assert_has(r.out, "sent 1 confirmed 1");
	assert_has(r.out, "skipped 5");
	support_result_free(&r);
	buf_finish(&lines);
	support_wait_depth(support_url(), support_amqp(q, ""), 3);
}
END_TEST

START_TEST(lines_that_come_slowly_do_not_wait_for_a_full_pack)
{
	cleanup_free char *q = queue_name(), *go = xstrdup(support_path("go"));
	cleanup_free char *command = xprintf(
	    "{ echo 1; echo 2; until [ -e '%s' ]; do sleep 0.05; done; } | '%s' batch t - -q "
	    "%s --pack 100",
	    go, getenv("WARREN_PRODUCER"), q);
	struct process p =
	    support_start(support_url(), (const char *const[]){"/bin/sh", "-c", command, NULL});
	support_wait(support_depth(support_url(), support_amqp(q, "")) > 0, "what was written");
	fclose(fopen(go, "we"));
	ck_assert_int_eq(support_wait_exit(&p), 0);
}
END_TEST

START_TEST(what_does_not_go_with_packs_is_named)
{
	cleanup_free char *q = queue_name();
	static const struct {
		const char *option, *value, *words;
	} cases[] = {
	    {"--pack", "1001", "at most 1000 jobs"},
	    {"--pack", "0", "a whole number above 0"},
	    {"--delay", "5s", "--pack and --delay exclude each other"},
	    {"--at", "+5s", "--pack and --at exclude each other"},
	    {"--wait", NULL, "--pack and --wait exclude each other"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *argv[] = {
		    getenv("WARREN_PRODUCER"), "batch",        "t", "-", "-q", q, "--pack", "2",
		    cases[i].option,           cases[i].value, NULL};
		struct result r = support_run(support_url(), "1\n", argv);
		ck_assert_int_eq(r.code, 64);
		assert_has(r.err, cases[i].words);
		support_result_free(&r);
	}
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("packs");
	TCase *tc = tcase_create("packs");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, they_travel_together_and_run_one_by_one);
	tcase_add_test(tc, each_has_a_verdict_of_its_own);
	tcase_add_test(tc, a_pack_that_cannot_be_opened_is_one_dead_letter_and_comes_back_whole);
	tcase_add_test(tc, a_drain_gives_back_what_has_not_begun_and_runs_nothing_twice);
	tcase_add_test(tc, a_pack_that_has_not_begun_goes_back_whole);
	tcase_add_test(tc, a_pack_that_comes_again_after_a_reconnect_is_gone_on_with);
	tcase_add_test(tc, jobs_without_ids_are_recognised_too);
	tcase_add_test(tc, a_killed_worker_loses_none_and_the_pack_is_split_when_it_was_the_third);
	tcase_add_test(tc, count_takes_so_many_of_a_pack_and_the_others_go_back);
	tcase_add_test(tc, twins_in_a_pack_both_run);
	tcase_add_test(tc, many_packs_are_opened_as_there_is_room);
	tcase_add_test(tc, a_pack_takes_no_more_than_its_queues_share_of_the_slots);
	tcase_add_test(tc, packs_rest_while_their_handler_cannot_be_started);
	tcase_add_test(tc, a_pack_with_headers_too_large_to_republish_goes_back_whole);
	tcase_add_test(tc, what_was_read_is_sent_when_the_next_file_is_missing);
	tcase_add_test(tc, a_pack_holds_no_more_than_the_largest_message);
	tcase_add_test(tc, only_jobs_for_one_queue_that_are_due_share_a_message);
	tcase_add_test(tc, each_line_has_its_receipt_and_resumes_by_itself);
	tcase_add_test(tc, lines_that_come_slowly_do_not_wait_for_a_full_pack);
	tcase_add_test(tc, what_does_not_go_with_packs_is_named);
	suite_add_tcase(s, tc);
	return support_main(s);
}
