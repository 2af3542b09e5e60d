/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests what happens when the broker takes something away while our programs run: a queue, a
 * permission, a channel. Each loss is told in a line that names the way out, costs nothing else,
 * and is over by itself when the thing is given back.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "tests/support/support.h"

static char *queue_name(void)
{
	return xstrdup(support_queue(support_url()));
}

static void wait_line(const char *path, const char *part)
{
	support_wait(support_lines_with(path, part) > 0, part);
}

static void send_job(const char *url, const char *queue, const char *args)
{
	struct result r =
	    support_producer(url, NULL, "send", "t", args, "-q", queue, "--backoff", "fixed:100ms");
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
}

static void set_up(const char *queue)
{
	struct result r = support_producer(support_url(), NULL, "setup", queue);
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
}

static void delete_queue(const char *queue)
{
	struct error err = {0};
	struct broker *b = support_connect(support_url());
	ck_assert_int_eq(broker_open_channel(b, 1, false, &err), 0);
	ck_assert_msg(broker_delete_queue(b, 1, support_amqp(queue, ""), &err) == 0, "%s",
	              err.text);
	broker_destroy(b, true);
}

/* Makes a handler that runs a job with args 1 until `go` is there. */
static const char *patient_handler(const char *record, const char *go)
{
	cleanup_free char *body =
	    xprintf("read -r n; echo \"start $n\" >>'%s'\n"
	            "[ \"$n\" != 1 ] || until [ -e '%s' ]; do sleep 0.05; done\n"
	            "echo \"end $n\" >>'%s'",
	            record, go, record);
	return support_script("patient", body);
}

static void touch(const char *path)
{
	FILE *f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fclose(f);
}

/* ---- a queue ---- */

START_TEST(a_deleted_queue_stops_no_other_and_is_consumed_again_when_it_is_back)
{
	cleanup_free char *gone = queue_name(), *kept = queue_name();
	const char *record = support_path("record"), *go = support_path("go");
	struct process w = support_worker(support_url(), "-q", gone, "-q", kept, "-j", "4", "--",
	                                  patient_handler(record, go));
	send_job(support_url(), kept, "1");
	send_job(support_url(), gone, "2");
	wait_line(record, "start 1");
	wait_line(record, "end 2");
	int64_t deleted = support_now();
	delete_queue(gone);
	cleanup_free char *words = xprintf("queue '%s' is not consumed", gone);
	cleanup_free char *command = xprintf("warren-producer setup %s", gone);
	support_wait_log(&w, words);
	ck_assert(support_log_has(&w, command));
	send_job(support_url(), kept, "3");
	wait_line(record, "end 3");
	int64_t told = support_now();
	set_up(gone);
	send_job(support_url(), gone, "4");
	wait_line(record, "end 4");
	printf("a queue is deleted: told and the other one served after %.1f s, consumed again "
	       "%.1f s after setup\n",
	       (double)(told - deleted) / 1000, (double)(support_now() - told) / 1000);
	cleanup_free char *again = xprintf("queue '%s' is consumed again", gone);
	ck_assert(support_log_has(&w, again));
	touch(go);
	wait_line(record, "end 1");
	support_wait_depth(support_url(), support_amqp(kept, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines_with(record, "start 1"), 1);
	ck_assert_uint_eq(support_lines_with(w.log, words), 1);
}
END_TEST

/* ---- permissions ---- */

static void mgmt(const char *method, const char *path, const char *body)
{
	cleanup_free char *command =
	    xprintf("curl -sf -X %s -H 'content-type: application/json' -d '%s' '%s/api/%s'",
	            method, body, support_mgmt_url(), path);
	ck_assert_msg(system(command) == 0, "%s", command);
}

static void permit(const char *user, const char *write, const char *read)
{
	cleanup_free char *path = xprintf("permissions/%%2F/%s", user);
	cleanup_free char *body =
	    xprintf("{\"configure\":\"^$\",\"write\":\"%s\",\"read\":\"%s\"}", write, read);
	mgmt("PUT", path, body);
}

/* Makes a user. Returns its URL, which the caller frees. */
static char *make_user(char user[static 64])
{
	snprintf(user, 64, "taken-%d", (int)getpid());
	cleanup_free char *path = xprintf("users/%s", user);
	mgmt("PUT", path, "{\"password\":\"secret\",\"tags\":\"\"}");
	permit(user, ".*", ".*");
	return xprintf("amqp://%s:secret@%s", user, strchr(support_url(), '@') + 1);
}

static void remove_user(const char *user)
{
	cleanup_free char *path = xprintf("users/%s", user);
	mgmt("DELETE", path, "");
}

static int close_some(const char *user)
{
	cleanup_free char *command =
	    xprintf("curl -sf '%s/api/connections' | python3 -c \"\n"
	            "import json, sys, urllib.parse\n"
	            "for c in json.load(sys.stdin):\n"
	            "  if c.get('user') == '%s': print(urllib.parse.quote(c['name'], safe=''))\n"
	            "\" | while read -r n; do curl -sf -X DELETE \"%s/api/connections/$n\" && echo "
	            "closed; done | wc -l",
	            support_mgmt_url(), user, support_mgmt_url());
	int closed = 0;
	FILE *f = popen(command, "re");
	ck_assert_int_eq(fscanf(f, "%d", &closed), 1);
	pclose(f);
	return closed;
}

/*
 * The broker looks at permissions again only on new channels. The management API sees connections a
 * few seconds late.
 */
static void close_connections(const char *user, int count)
{
	int closed = 0;
	support_wait((closed += close_some(user)) >= count, "connections to close");
}

START_TEST(a_worker_that_may_not_read_ends_with_exit_code_77)
{
	char user[64];
	cleanup_free char *q = queue_name(), *url = make_user(user);
	permit(user, ".*", "^$");
	struct process w = support_worker(url, "-q", q, "--", "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 77);
	ck_assert(support_log_has(&w, "ACCESS_REFUSED"));
	remove_user(user);
}
END_TEST

START_TEST(a_worker_whose_read_permission_is_taken_says_so_and_goes_on_when_it_has_it_again)
{
	char user[64];
	cleanup_free char *q = queue_name(), *url = make_user(user);
	const char *record = support_path("record"), *go = support_path("go");
	struct process w =
	    support_worker(url, "-q", q, "-j", "2", "--", patient_handler(record, go));
	send_job(support_url(), q, "1");
	wait_line(record, "start 1");
	permit(user, ".*", "^$");
	close_connections(user, 1);
	cleanup_free char *words = xprintf("queue '%s' is not consumed", q);
	support_wait_log(&w, words);
	ck_assert(support_log_has(&w, "ACCESS_REFUSED"));
	touch(go);
	wait_line(record, "end 1");
	permit(user, ".*", ".*");
	send_job(support_url(), q, "2");
	wait_line(record, "end 2");
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines_with(record, "start 1"), 1);
	remove_user(user);
}
END_TEST

START_TEST(a_job_whose_retry_may_not_be_written_is_kept_and_holds_up_no_other)
{
	char user[64];
	cleanup_free char *q = queue_name(), *url = make_user(user);
	const char *record = support_path("record"), *go = support_path("go");
	cleanup_free char *body =
	    xprintf("read -r n; echo \"start $n $JOB_ATTEMPT\" >>'%s'\n"
	            "[ \"$n\" != 1 ] || until [ -e '%s' ]; do sleep 0.05; done\n"
	            "[ $n = 1 ] && [ $JOB_ATTEMPT = 1 ] && exit 75\n"
	            "[ $n = 2 ] && exit 65\n"
	            "echo \"end $n\" >>'%s'",
	            record, go, record);
	struct process w = support_worker(url, "-q", q, "-j", "4", "--", support_script("h", body));
	send_job(support_url(), q, "1");
	wait_line(record, "start 1 1");
	permit(user, "^warren.v1.dead$", ".*"); /* not the delay ring */
	close_connections(user, 2);
	touch(go);
	support_wait_log(&w, "the broker refused its republish (ACCESS_REFUSED");
	send_job(support_url(), q, "2");
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 1);
	ck_assert_uint_eq(support_lines_with(record, "end 1"), 0);
	permit(user, ".*", ".*");
	wait_line(record, "end 1");
	support_wait_depth(support_url(), support_amqp(q, ""), 0);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines_with(record, "start 1 1"), 1);
	remove_user(user);
}
END_TEST

/* Each try to answer would close the channel of all republishes. */
START_TEST(answers_that_may_not_be_written_are_told_once_and_hold_up_no_job)
{
	char user[64];
	cleanup_free char *q = queue_name(), *url = make_user(user);
	const char *record = support_path("record");
	cleanup_free char *body =
	    xprintf("read -r n; echo \"end $n\" >>'%s'; [ $n = 4 ] && exit 65; :", record);
	permit(user, "^warren.v1.(jobs|dead|delay.[0-9]*)$", ".*");
	struct process w = support_worker(url, "-q", q, "--", support_script("h", body));
	for (int i = 1; i <= 3; i++) {
		const char args[] = {(char)('0' + i), 0};
		struct result r =
		    support_producer(support_url(), NULL, "send", "t", args, "-q", q, "--wait=1s");
		ck_assert_int_eq(r.code, 124);
		support_result_free(&r);
	}
	support_wait_log(&w, "an answer to a waiting producer was refused: ACCESS_REFUSED");
	send_job(support_url(), q, "4");
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 1);
	support_wait_lines(record, 4);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines_with(w.log, "an answer to a waiting producer"), 1);
	ck_assert_uint_eq(support_lines_with(w.log, "the publishing connection is down"), 1);
	remove_user(user);
}
END_TEST

START_TEST(a_batch_whose_permission_is_taken_ends_with_exit_code_77_and_true_receipts)
{
	enum { LINES = 600 };
	char user[64];
	cleanup_free char *q = queue_name(), *url = make_user(user);
	const char *lines = support_path("lines.jsonl"), *receipts = support_path("receipts"),
	           *record = support_path("record");
	FILE *f = fopen(lines, "we");
	for (int i = 0; i < LINES; i++)
		fprintf(f, "{\"n\":%d}\n", i);
	fclose(f);
	struct process b = support_start(
	    url, (const char *const[]){getenv("WARREN_PRODUCER"), "batch", "t", lines, "-q", q,
	                               "--receipts", receipts, "--rate", "30", NULL});
	support_wait_lines(receipts, 20);
	permit(user, "^$", "^$");
	close_connections(user, 1);
	int code = support_wait_exit(&b);
	ck_assert_msg(code == 77, "exit %d", code);
	ck_assert(support_lines_with(b.log, "ACCESS_REFUSED") > 0);
	size_t confirmed = support_lines_with(receipts, "\"confirmed\"");
	ck_assert_uint_lt(confirmed, LINES);
	ck_assert_uint_ge(support_depth(support_url(), support_amqp(q, "")), confirmed);
	remove_user(user);
	struct result r = support_producer(support_url(), NULL, "batch", "t", lines, "-q", q,
	                                   "--resume", receipts);
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	cleanup_free char *body = xprintf("cat >>'%s'", record);
	struct process w = support_worker(support_url(), "-q", q, "-j", "4", "--burst", "--",
	                                  support_script("take", body));
	support_wait_distinct(record, LINES);
	ck_assert_int_eq(support_wait_exit(&w), 0);
}
END_TEST

/* ---- a channel ---- */

START_TEST(the_brokers_consumer_timeout_is_named_and_runs_nothing_twice)
{
	struct node n;
	support_node_start(&n);
	support_node_ctl(&n, "eval 'application:set_env(rabbit, channel_tick_interval, 500).'");
	support_node_ctl(&n, "eval 'application:set_env(rabbit, consumer_timeout, 2000).'");
	cleanup_free char *q = xstrdup(support_queue(n.url));
	const char *record = support_path("record"), *go = support_path("go");
	struct process w = support_worker(n.url, "-q", q, "--", patient_handler(record, go));
	send_job(n.url, q, "1");
	wait_line(record, "start 1");
	support_wait_log(&w, "held for longer than the broker's consumer_timeout");
	ck_assert(support_log_has(&w, "broker_consumer_timeout"));
	support_wait_log(&w, "not run twice");
	touch(go);
	wait_line(record, "end 1");
	support_wait_depth(n.url, support_amqp(q, ""), 0);
	send_job(n.url, q, "2");
	wait_line(record, "end 2");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines_with(record, "start 1"), 1);
	ck_assert_uint_eq(support_depth(n.url, support_amqp(q, "")), 0);
	support_node_stop(&n);
}
END_TEST

static Suite *taken_suite(void)
{
	Suite *s = suite_create("taken");
	TCase *c = tcase_create("taken");
	tcase_set_timeout(c, 180);
	tcase_add_test(c, a_deleted_queue_stops_no_other_and_is_consumed_again_when_it_is_back);
	tcase_add_test(c, a_worker_that_may_not_read_ends_with_exit_code_77);
	tcase_add_test(
	    c, a_worker_whose_read_permission_is_taken_says_so_and_goes_on_when_it_has_it_again);
	tcase_add_test(c, a_job_whose_retry_may_not_be_written_is_kept_and_holds_up_no_other);
	tcase_add_test(c, answers_that_may_not_be_written_are_told_once_and_hold_up_no_job);
	tcase_add_test(c,
	               a_batch_whose_permission_is_taken_ends_with_exit_code_77_and_true_receipts);
	tcase_add_test(c, the_brokers_consumer_timeout_is_named_and_runs_nothing_twice);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(taken_suite());
}
