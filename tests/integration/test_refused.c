/* SPDX-License-Identifier: Apache-2.0 */
/* Tests a broker that lets nobody in. A limit of connections passes, a wrong password does not. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "tests/support/support.h"

enum { UNAVAILABLE = 69, AUTH = 77 };

static char vhost[100];

/* Calls the management API. path is below /api/, and body is NULL for none. */
static void manage(const char *method, const char *path, const char *body)
{
	cleanup_free char *data = body ? xprintf("-d '%s'", body) : xstrdup("");
	cleanup_free char *command = xprintf(
	    "curl -sf -o /dev/null -X %s -H 'content-type: application/json' %s '%s/api/%s'",
	    method, data, support_mgmt_url(), path);
	ck_assert_int_eq(system(command), 0);
}

static void limit_connections(const char *value)
{
	cleanup_free char *path = xprintf("vhost-limits/%s/max-connections", vhost);
	cleanup_free char *body = xprintf("{\"value\":%s}", value);
	manage("PUT", path, body);
}

static const char *url(void)
{
	static char text[300];
	snprintf(text, sizeof text, "%s/%s", support_url(), vhost);
	return text;
}

static void begin(void)
{
	snprintf(vhost, sizeof vhost, "refused-%d", (int)getpid());
	cleanup_free char *path = xprintf("vhosts/%s", vhost);
	cleanup_free char *rights = xprintf("permissions/%s/guest", vhost);
	manage("PUT", path, "{}");
	manage("PUT", rights, "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}");
}

static void end(void)
{
	cleanup_free char *path = xprintf("vhosts/%s", vhost);
	manage("DELETE", path, NULL);
}

START_TEST(a_command_says_that_a_limit_is_reached_and_may_be_tried_again)
{
	limit_connections("0");
	struct result r = support_producer(url(), NULL, "ping");
	ck_assert_int_eq(r.code, UNAVAILABLE);
	ck_assert_msg(strstr(r.err, "connection limit (0) is reached") != NULL, "%s", r.err);
	ck_assert_msg(strstr(r.err, "set_vhost_limits") != NULL, "%s", r.err);
	ck_assert_msg(strstr(r.err, "password") == NULL, "%s", r.err);
	support_result_free(&r);
}
END_TEST

START_TEST(a_worker_waits_until_the_limit_lets_it_in)
{
	struct result r = support_producer(url(), NULL, "setup", "q");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	limit_connections("0");
	struct process w = support_worker(url(), "-q", "q", "--", "true");
	support_wait_log(&w, "connection limit (0) is reached");
	limit_connections("-1");
	support_wait_log(&w, "consuming from");
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_wrong_password_is_still_one)
{
	setenv("AMQP_PASSWORD", "wrong", 1);
	struct result r = support_producer(url(), NULL, "ping");
	unsetenv("AMQP_PASSWORD");
	ck_assert_int_eq(r.code, AUTH);
	ck_assert_msg(strstr(r.err, "password") != NULL, "%s", r.err);
	support_result_free(&r);
}
END_TEST

/* One dead letter lies in the queue of q. */
static void make_a_dead_letter(void)
{
	struct result r = support_producer(url(), NULL, "setup", "q");
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	r = support_producer(url(), NULL, "send", "t", "1", "-q", "q");
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	struct process w = support_worker(url(), "-q", "q", "--once", "--", "sh", "-c", "exit 65");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	support_wait_depth(url(), support_amqp("q", ".dead"), 1);
}

START_TEST(a_replay_into_a_missing_exchange_names_it_and_keeps_the_letter)
{
	make_a_dead_letter();
	cleanup_free char *path = xprintf("exchanges/%s/warren.v1.jobs", vhost);
	manage("DELETE", path, NULL);
	struct result r = support_producer(url(), NULL, "dead", "replay", "-q", "q");
	ck_assert_int_ne(r.code, 0);
	ck_assert_msg(strstr(r.err, "warren.v1.jobs") != NULL, "%s", r.err);
	ck_assert_msg(strstr(r.err, "q.dead' does not exist") == NULL, "%s", r.err);
	ck_assert_str_eq(r.out, "");
	support_result_free(&r);
	support_wait_depth(url(), support_amqp("q", ".dead"), 1);
}
END_TEST

START_TEST(a_send_into_a_missing_exchange_does_not_blame_the_queue)
{
	struct result r = support_producer(url(), NULL, "setup", "q");
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	cleanup_free char *path = xprintf("exchanges/%s/warren.v1.jobs", vhost);
	manage("DELETE", path, NULL);
	r = support_producer(url(), NULL, "send", "t", "1", "-q", "q");
	ck_assert_int_ne(r.code, 0);
	ck_assert_msg(strstr(r.err, "no exchange 'warren.v1.jobs'") != NULL, "%s", r.err);
	ck_assert_msg(strstr(r.err, "queue 'q' does not exist") == NULL, "%s", r.err);
	support_result_free(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("refused");
	TCase *tc = tcase_create("refused");
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, a_command_says_that_a_limit_is_reached_and_may_be_tried_again);
	tcase_add_test(tc, a_worker_waits_until_the_limit_lets_it_in);
	tcase_add_test(tc, a_wrong_password_is_still_one);
	tcase_add_test(tc, a_send_into_a_missing_exchange_does_not_blame_the_queue);
	tcase_add_test(tc, a_replay_into_a_missing_exchange_names_it_and_keeps_the_letter);
	suite_add_tcase(s, tc);
	return support_main(s);
}
