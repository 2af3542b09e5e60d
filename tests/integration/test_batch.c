/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests batch and dead: bad lines, resuming, restarts of the broker, alarms, and dead letters in
 * order.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "tests/support/support.h"

static char *queue_name(const char *url)
{
	return xstrdup(support_queue(url));
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		ck_abort_msg("'%s' is not in: %s", part, text);
}

static const char *write_lines(const char *name, int count)
{
	const char *path = support_path(name);
	FILE *f = fopen(path, "we");
	for (int i = 1; i <= count; i++)
		fprintf(f, "{\"n\":%d}\n", i);
	fclose(f);
	return path;
}

START_TEST(a_bad_line_is_told_by_place_and_costs_no_other)
{
	cleanup_free char *q = queue_name(support_url());
	struct result r = support_producer(support_url(), "1\n{\"a\":}\n\n[2]\n\"\xff\"\n3",
	                                   "batch", "t", "-q", q);
	ck_assert_int_eq(r.code, 1);
	assert_has(r.err, "stdin:2:6: expected a value");
	assert_has(r.err, "stdin:5:2: invalid UTF-8");
	assert_has(r.out, "confirmed 3 returned 0 nacked 0 timed_out 0 rejected 2");
	support_result_free(&r);
	support_wait_depth(support_url(), support_amqp(q, ""), 3);
}
END_TEST

START_TEST(whole_documents_travel_as_they_are)
{
	cleanup_free char *q = queue_name(support_url());
	struct result r = support_producer(
	    support_url(),
	    "{\"type\":\"t\",\"args\":1e2,\"x-mine\":[ ]}\n{\"type\":\"t\",\"expire_at\":1}\n",
	    "batch", "-q", q);
	ck_assert_int_eq(r.code, 1);
	assert_has(r.err, "stdin:2:13: unknown field \"expire_at\"");
	support_result_free(&r);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	assert_has(m->body, ",\"type\":\"t\",\"args\":1e2,\"x-mine\":[ ]}");
	assert_has(m->body, m->message_id);
	message_destroy(m);
}
END_TEST

START_TEST(a_resumed_batch_publishes_the_rest_and_makes_no_different_job)
{
	enum { LINES = 4000 };
	cleanup_free char *q = queue_name(support_url());
	const char *lines = write_lines("lines.jsonl", LINES), *receipts = support_path("receipts");
	struct process p =
	    support_start(support_url(), (const char *const[]){getenv("WARREN_PRODUCER"), "batch",
	                                                       "t", lines, "-q", q, "--receipts",
	                                                       receipts, "--rate", "3000", NULL});
	support_wait_lines(receipts, 500);
	kill(p.pid, SIGKILL);
	support_wait_exit(&p);
	size_t before = support_lines(receipts);
	ck_assert_uint_lt(before, LINES);
	struct result r = support_producer(support_url(), NULL, "batch", "t", lines, "-q", q,
	                                   "--resume", receipts);
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	cleanup_free char *command =
	    xprintf("tail -n +2 '%s' | sed 's/.*\"n\":\\([0-9]*\\),.*\"id\":\"\\([^\"]*\\)\".*/\\1 "
	            "\\2/' | sort -u | "
	            "cut -d' ' -f1 | uniq | wc -l",
	            receipts);
	FILE *f = popen(command, "re");
	int distinct = 0;
	ck_assert_int_eq(fscanf(f, "%d", &distinct), 1);
	pclose(f);
	ck_assert_int_eq(distinct, LINES);
	/*
	 * A line that was published twice (confirmed, but not yet in the receipts) has the same id
	 * twice.
	 */
	ck_assert_uint_ge(support_depth(support_url(), support_amqp(q, "")), LINES);
	r = support_producer(support_url(), NULL, "batch", "t", lines, "-q", q, "--resume",
	                     receipts);
	ck_assert_int_eq(r.code, 0);
	assert_has(r.out, "sent 0 confirmed 0");
	support_result_free(&r);
}
END_TEST

START_TEST(halt_stops_after_so_many_failures)
{
	cleanup_free char *q = queue_name(support_url());
	struct result r =
	    support_producer(support_url(), "x\ny\nz\n1\n", "batch", "t", "-q", q, "--halt", "2");
	ck_assert_int_eq(r.code, 1);
	assert_has(r.out, "rejected 2");
	support_result_free(&r);
	r = support_producer(support_url(), "x\n1\n", "batch", "t", "-q", q, "--dry-run");
	assert_has(r.out, "sent 0");
	assert_has(r.out, "rejected 1");
	support_result_free(&r);
}
END_TEST

START_TEST(a_resumed_line_becomes_the_same_job_byte_for_byte)
{
	cleanup_free char *q = queue_name(support_url());
	const char *lines = write_lines("one.jsonl", 1), *receipts = support_path("receipts");
	struct result r =
	    support_producer(support_url(), NULL, "batch", "t", lines, "-q", q, "--receipts",
	                     receipts, "--expires", "1h", "--delay", "1ms");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	/* This looks as if the run had been killed before it wrote the receipt. */
	cleanup_free char *command = xprintf("head -n 1 '%s' >'%s.head'", receipts, receipts);
	cleanup_free char *head = xprintf("%s.head", receipts);
	ck_assert_int_eq(system(command), 0);
	support_pause(); /* another millisecond than the first run's */
	r = support_producer(support_url(), NULL, "batch", "t", lines, "-q", q, "--resume", head,
	                     "--expires", "1h", "--delay", "1ms");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	struct message *first = support_take(support_url(), support_amqp(q, ""));
	struct message *second = support_take(support_url(), support_amqp(q, ""));
	ck_assert_str_eq(first->body, second->body);
	ck_assert_str_eq(first->message_id, second->message_id);
	message_destroy(first);
	message_destroy(second);
}
END_TEST

START_TEST(a_torn_receipt_is_cut_off_and_the_file_stays_good)
{
	cleanup_free char *q = queue_name(support_url());
	const char *lines = write_lines("two.jsonl", 2), *receipts = support_path("receipts");
	struct result r = support_producer(support_url(), NULL, "batch", "t", lines, "-q", q,
	                                   "--receipts", receipts);
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	ck_assert_int_eq(truncate(receipts, 120), 0); /* in the middle of a receipt */
	for (int round = 0; round < 2; round++) {
		r = support_producer(support_url(), NULL, "batch", "t", lines, "-q", q, "--resume",
		                     receipts);
		ck_assert_msg(r.code == 0, "%s", r.err);
		support_result_free(&r);
	}
	ck_assert_uint_eq(support_lines(receipts), 3);
	FILE *f = fopen(receipts, "we");
	fputs("{\"batch\":\"zzzzzzzz-zzzz-7zzz-zzzz-zzzzzzzzzzzz\"}\n", f);
	fclose(f);
	r = support_producer(support_url(), NULL, "batch", "t", lines, "-q", q, "--resume",
	                     receipts);
	ck_assert_int_eq(r.code, 65);
	support_result_free(&r);
}
END_TEST

START_TEST(an_interrupted_batch_keeps_true_receipts_and_exits_130)
{
	enum { LINES = 3000 };
	cleanup_free char *q = queue_name(support_url());
	const char *lines = write_lines("lines.jsonl", LINES), *receipts = support_path("receipts");
	struct process p =
	    support_start(support_url(), (const char *const[]){getenv("WARREN_PRODUCER"), "batch",
	                                                       "t", lines, "-q", q, "--receipts",
	                                                       receipts, "--rate", "2000", NULL});
	support_wait_lines(receipts, 200);
	kill(p.pid, SIGINT);
	ck_assert_int_eq(support_wait_exit(&p), 130);
	size_t confirmed = support_lines(receipts) - 1;
	ck_assert_uint_lt(confirmed, LINES);
	support_wait_depth(support_url(), support_amqp(q, ""), (uint32_t)confirmed);
	struct result r = support_producer(support_url(), NULL, "batch", "t", lines, "-q", q,
	                                   "--resume", receipts);
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	support_wait_depth(support_url(), support_amqp(q, ""), LINES);
}
END_TEST

/* Returns the peak memory of a batch in kilobytes. */
static long peak_of_batch(const char *lines, const char *queue)
{
	struct rusage usage;
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		setenv("AMQP_URL", support_url(), 1);
		setenv("ASAN_OPTIONS", "quarantine_size_mb=1:thread_local_quarantine_size_kb=64",
		       1);
		execl(getenv("WARREN_PRODUCER"), "warren-producer", "batch", "t", lines, "-q",
		      queue, "--window", "200", (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(wait4(pid, &status, 0, &usage), pid);
	ck_assert_int_eq(status, 0);
	return usage.ru_maxrss;
}

START_TEST(a_batch_takes_no_more_memory_for_a_longer_input)
{
	cleanup_free char *q = queue_name(support_url());
	long some = peak_of_batch(write_lines("some.jsonl", 5000), q);
	long many = peak_of_batch(write_lines("many.jsonl", 60000), q);
	printf("batch: %ld KiB for 5,000 lines, %ld KiB for 60,000\n", some, many);
	ck_assert_int_lt(many, some + 2048);
	support_wait_depth(support_url(), support_amqp(q, ""), 65000);
}
END_TEST

static const struct {
	const char *words[3]; /* behind "batch" */
	int code;
	const char *error;
} wrong_inputs[] = {
    {{"t", "/no/such.jsonl"}, 66, "'/no/such.jsonl': No such file"},
    {{"t", "/"}, 74, "'/': read: Is a directory"},
    {{"t", "--halt=1.5"}, 64, "--halt wants a whole number above 0, not '1.5'"},
    {{"t", "--rate=often"}, 64, "--rate wants a number above 0"},
    {{"t", "--receipts=/dev/full"}, 74, "writing the receipts: No space left"},
    {{"t", "--resume=/dev/null"}, 65, "is not a receipts file"},
    {{"t", "--progress=loud"}, 64, "loud"},
    {{"t", "-q", "a b"}, 64, "queue name 'a b' must be"},
    {{"usr"}, 64, "'usr' is a TYPE, but there is a file of that name too"},
};

START_TEST(what_batch_cannot_use_is_named)
{
	cleanup_free char *q = queue_name(support_url());
	const char *const *w = wrong_inputs[_i].words;
	ck_assert_int_eq(chdir("/"), 0);
	struct result r = w[2]   ? support_producer(support_url(), "", "batch", w[0], w[1], w[2])
	                  : w[1] ? support_producer(support_url(), "", "batch", "-q", q, w[0], w[1])
	                         : support_producer(support_url(), "", "batch", "-q", q, w[0]);
	ck_assert_msg(r.code == wrong_inputs[_i].code, "exit %d: %s", r.code, r.err);
	assert_has(r.err, wrong_inputs[_i].error);
	support_result_free(&r);
}
END_TEST

START_TEST(a_byte_order_mark_does_not_matter_and_a_long_line_is_told_its_limit)
{
	cleanup_free char *q = queue_name(support_url());
	struct buf input = {0};
	buf_append_text(&input, "\xef\xbb\xbf{\"a\":1}\n\"");
	for (int i = 0; i < 2000; i++)
		buf_append_text(&input, "x");
	buf_append_text(&input, "\"\n2\n");
	setenv("WARREN_MAX_BODY", "1500", 1);
	struct result r = support_producer(support_url(), input.data, "batch", "t", "-q", q);
	unsetenv("WARREN_MAX_BODY");
	assert_has(r.out, "confirmed 2 returned 0 nacked 0 timed_out 0 rejected 1");
	assert_has(r.err, "stdin:2: the line is longer than 1500 bytes (max_body)");
	buf_finish(&input);
	support_result_free(&r);
}
END_TEST

START_TEST(a_missing_input_is_passed_over_when_told_to)
{
	cleanup_free char *q = queue_name(support_url());
	const char *lines = write_lines("lines.jsonl", 3);
	struct result r = support_producer(support_url(), NULL, "batch", "t", "/no/such.jsonl",
	                                   lines, "-q", q, "--keep-going");
	ck_assert_int_eq(r.code, 1);
	assert_has(r.out, "confirmed 3");
	support_result_free(&r);
}
END_TEST

START_TEST(output_that_cannot_be_written_is_an_error)
{
	cleanup_free char *q = queue_name(support_url());
	cleanup_free char *full =
	    xprintf("exec '%s' send t 1 -q %s >/dev/full", getenv("WARREN_PRODUCER"), q);
	cleanup_free char *closed =
	    xprintf("exec '%s' send t 1 -q %s >&-", getenv("WARREN_PRODUCER"), q);
	const char *const commands[] = {full, closed};
	for (int i = 0; i < 2; i++) {
		struct result r = support_run(
		    support_url(), NULL, (const char *const[]){"/bin/sh", "-c", commands[i], NULL});
		ck_assert_int_eq(r.code, 74);
		assert_has(r.err, "the output could not be written");
		support_result_free(&r);
	}
	support_wait_depth(support_url(), support_amqp(q, ""), 2);
}
END_TEST

/* Fills a dead queue with `count` letters, in order. */
static void make_letters(const char *url, const char *queue, int count)
{
	struct buf input = {0};
	for (int i = 1; i <= count; i++)
		buf_printf(&input, "{\"id\":\"job-%05d\",\"type\":\"t\",\"args\":%d}\n", i, i);
	struct result r = support_producer(url, input.data, "batch", "-q", queue);
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	buf_finish(&input);
	struct error err = {0};
	struct broker *b = support_connect(url);
	ck_assert_int_eq(broker_open_channel(b, 1, false, &err), 0);
	ck_assert_int_eq(broker_consume(b, 1, support_amqp(queue, ""), "reject", 100, &err), 0);
	for (int i = 0; i < count; i++) {
		struct broker_event e;
		ck_assert_int_eq(broker_read(b, SUPPORT_MS, &e, &err), 0);
		ck_assert_int_eq(e.kind, BROKER_DELIVERY);
		ck_assert_int_eq(broker_nack(b, 1, e.tag, false, false, &err), 0);
		message_destroy(e.message);
	}
	support_wait_depth(url, support_amqp(queue, ".dead"),
	                   (uint32_t)count); /* before closing, for the reason in letters.c */
	broker_destroy(b, true);
}

START_TEST(letters_are_listed_in_order_beyond_one_consumers_reach_and_stay)
{
	enum { LETTERS = 2300 };
	cleanup_free char *q = queue_name(support_url());
	make_letters(support_url(), q, LETTERS);
	for (int round = 0; round < 2; round++) {
		struct result r = support_producer(support_url(), NULL, "dead", "list", "-q", q);
		ck_assert_int_eq(r.code, 0);
		const char *at = r.out;
		for (int i = 1; i <= LETTERS; i++) {
			char id[32];
			snprintf(id, sizeof id, "job-%05d", i);
			ck_assert_msg(at && strncmp(at, id, strlen(id)) == 0,
			              "letter %d is not in its place: %.60s", i,
			              at ? at : "(none)");
			at = strchr(at, '\n');
			at = at ? at + 1 : NULL;
		}
		support_result_free(&r);
		support_wait_depth(support_url(), support_amqp(q, ".dead"), LETTERS);
	}
}
END_TEST

START_TEST(letters_are_replayed_with_fresh_budgets_and_dropped_on_request)
{
	cleanup_free char *q = queue_name(support_url());
	make_letters(support_url(), q, 5);
	struct result r = support_producer(support_url(), NULL, "dead", "replay", "job-00002",
	                                   "job-00004", "-q", q);
	ck_assert_int_eq(r.code, 0);
	ck_assert_str_eq(r.out, "job-00002\njob-00004\n");
	support_result_free(&r);
	support_wait_depth(support_url(), support_amqp(q, ""), 2);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	int64_t replays = 0;
	ck_assert(table_get_int(&m->headers, "warren-replays", &replays));
	ck_assert_int_eq(replays, 1);
	ck_assert_ptr_null(table_get(&m->headers, "x-death"));
	message_destroy(m);

	r = support_producer(support_url(), NULL, "dead", "drop", "-q", q);
	ck_assert_int_eq(r.code, 64);
	support_result_free(&r);
	r = support_producer(support_url(), NULL, "dead", "drop", "job-00001", "nobody", "-q", q,
	                     "--yes");
	ck_assert_int_eq(r.code, 1);
	assert_has(r.err, "no such letter: nobody");
	support_result_free(&r);
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 2);
	r = support_producer(support_url(), NULL, "dead", "show", "job-00003", "-q", q);
	assert_has(r.out, "reason        rejected");
	assert_has(r.out, "\"args\":3");
	support_result_free(&r);
}
END_TEST

START_TEST(a_broker_killed_and_started_again_under_load_loses_nothing)
{
	enum { LINES = 600 };
	struct node node;
	support_node_start(&node);
	cleanup_free char *q = queue_name(node.url);
	const char *lines = write_lines("lines.jsonl", LINES), *record = support_path("record");
	cleanup_free char *body = xprintf("cat >>'%s'", record);
	struct process w =
	    support_worker(node.url, "-q", q, "-j", "2", "--", support_script("h", body));
	struct process p = support_start(
	    node.url, (const char *const[]){getenv("WARREN_PRODUCER"), "batch", "t", lines, "-q", q,
	                                    "--rate", "60", "--confirm-timeout", "2m", NULL});
	support_wait_lines(record, 100);
	support_node_kill(&node);
	support_node_again(&node);
	ck_assert_int_eq(support_wait_exit(&p), 0);
	support_wait_distinct(record, LINES);
	support_wait_depth(node.url, support_amqp(q, ""), 0);
	printf("published %d, run %zu times\n", LINES, support_lines(record));
	ck_assert_int_eq(support_terminate(&w), 0);
	support_node_stop(&node);
}
END_TEST

static bool publishing_is_blocked(const char *url, const char *queue)
{
	struct result r = support_producer(url, NULL, "send", "extra", "{\"n\":0}", "-q", queue,
	                                   "--confirm-timeout", "1s");
	int code = r.code;
	support_result_free(&r);
	return code == 75;
}

START_TEST(an_alarm_blocks_publishing_while_consuming_goes_on)
{
	struct node node;
	support_node_start(&node);
	cleanup_free char *q = queue_name(node.url);
	const char *record = support_path("record"), *go = support_path("go"),
	           *lines = write_lines("lines.jsonl", 40);
	/* All jobs wait for the alarm. 7, 17, 27 and 37 fail, and their republish cannot go out. */
	cleanup_free char *body = xprintf("n=$(cat); until [ -e '%s' ]; do sleep 0.05; done\n"
	                                  "echo \"$n\" >>'%s'; case $n in *7}) exit 75;; esac",
	                                  go, record);
	struct result r = support_producer(node.url, NULL, "batch", "t", lines, "-q", q,
	                                   "--backoff", "fixed:200ms", "--retries", "2");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	struct process w =
	    support_worker(node.url, "-q", q, "-j", "4", "--", support_script("h", body));
	support_wait_log(&w, "consuming from");
	support_node_ctl(&node, "set_vm_memory_high_watermark absolute 1MB");
	support_wait(publishing_is_blocked(node.url, q), "the alarm");
	fclose(fopen(go, "we"));
	support_wait_log(&w, "publishing is blocked by the broker");
	support_wait_lines(record, 12);
	support_node_ctl(&node, "set_vm_memory_high_watermark 0.4");
	support_wait_depth(node.url, support_amqp(q, ".dead"), 4);
	ck_assert_int_eq(support_terminate(&w), 0);
	support_node_stop(&node);
}
END_TEST

static Suite *batch_suite(void)
{
	Suite *s = suite_create("batch");
	TCase *c = tcase_create("batch");
	tcase_set_timeout(c, 200);
	tcase_add_test(c, a_bad_line_is_told_by_place_and_costs_no_other);
	tcase_add_test(c, whole_documents_travel_as_they_are);
	tcase_add_test(c, a_resumed_batch_publishes_the_rest_and_makes_no_different_job);
	tcase_add_test(c, halt_stops_after_so_many_failures);
	tcase_add_test(c, a_resumed_line_becomes_the_same_job_byte_for_byte);
	tcase_add_test(c, a_torn_receipt_is_cut_off_and_the_file_stays_good);
	tcase_add_test(c, an_interrupted_batch_keeps_true_receipts_and_exits_130);
	tcase_add_test(c, a_batch_takes_no_more_memory_for_a_longer_input);
	tcase_add_loop_test(c, what_batch_cannot_use_is_named, 0,
	                    (int)(sizeof wrong_inputs / sizeof *wrong_inputs));
	tcase_add_test(c, a_byte_order_mark_does_not_matter_and_a_long_line_is_told_its_limit);
	tcase_add_test(c, a_missing_input_is_passed_over_when_told_to);
	tcase_add_test(c, output_that_cannot_be_written_is_an_error);
	tcase_add_test(c, letters_are_listed_in_order_beyond_one_consumers_reach_and_stay);
	tcase_add_test(c, letters_are_replayed_with_fresh_budgets_and_dropped_on_request);
	suite_add_tcase(s, c);
	TCase *own = tcase_create("broker");
	tcase_set_timeout(own, 200);
	tcase_add_test(own, a_broker_killed_and_started_again_under_load_loses_nothing);
	tcase_add_test(own, an_alarm_blocks_publishing_while_consuming_goes_on);
	suite_add_tcase(s, own);
	return s;
}

int main(void)
{
	return support_main(batch_suite());
}
