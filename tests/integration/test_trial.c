/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what `warren-worker test` and `warren-worker check` say before any job is taken. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "tests/integration/handling.h"
#include "tests/support/support.h"

static struct result worker(const char *const *argv)
{
	const char *all[16] = {getenv("WARREN_WORKER")};
	for (size_t i = 0; argv[i]; i++)
		all[i + 1] = argv[i];
	return support_run(support_url(), "", all);
}

static const struct {
	const char *argv[8];
	int code;
	const char *out, *err;
} trials[] = {
    {{"test", "t", "[1]", "--", "/bin/cat"}, 0, "[1]\n", "verdict  ok"},
    {{"test", "t", "--", "/bin/false"}, 1, "", "verdict  retry: exit 1"},
    {{"test", "t", "--timeout", "200ms", "--", "/bin/sleep", "100"}, 1, "", "verdict  timeout"},
    {{"test", "t", "{", "--", "/bin/cat"}, 65, "", "args:1:2: not JSON"},
    {{"test", "t", "--handler", "x=exec:/bin/cat"}, 78, "", "no handler takes the type 't'"},
    {{"test", "t", "--json", "--", "/bin/false"}, 1, "\"verdict\":\"retry\"", ""},
    {{"test"}, 64, "", "no handler"},
    {{"check", "-q", "no-such", "--", "/bin/true"},
     78,
     "WRONG   queue warren.v1.q.no-such: does not exist",
     ""},
    {{"check", "--handler", "x=exec:/no/such", "-q", "no-such"},
     78,
     "WRONG   handler exec:/no/such",
     ""},
    {{"check", "--url", "amqp://127.0.0.1:1", "--", "/bin/true"}, 69, "WRONG   broker", ""},
    {{"check", "--slots", "0", "--", "/bin/true"}, 64, "", "--slots must be from"},
    {{"check", "--timeout", "x", "--", "/bin/true"}, 64, "", "--timeout wants a time"},
    {{"check", "--grace", "x", "--", "/bin/true"}, 64, "", "--grace wants a time"},
    {{"run", "--slots", "0", "--", "/bin/true"}, 64, "", "--slots must be from"},
    {{"run", "--timeout", "x", "--", "/bin/true"}, 64, "", "--timeout wants a time"},
    {{"run", "--grace", "x", "--", "/bin/true"}, 64, "", "--grace wants a time"},
    {{"run", "--drain", "x", "--", "/bin/true"}, 64, "", "--drain wants a time"},
    {{"test", "t", "--grace", "x", "--", "/bin/true"}, 64, "", "--grace wants a time"},
};

START_TEST(test_and_check_tell_what_is_so)
{
	struct result r = worker(trials[_i].argv);
	ck_assert_msg(r.code == trials[_i].code, "exit %d: %s%s", r.code, r.out, r.err);
	assert_has(r.out, trials[_i].out);
	assert_has(r.err, trials[_i].err);
	support_result_free(&r);
}
END_TEST

static void api(const char *method, const char *path, const char *body)
{
	cleanup_free char *command =
	    xprintf("curl -sf -H 'content-type: application/json' -X %s -d '%s' '%s/api/%s'",
	            method, body, support_mgmt_url(), path);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(check_names_the_permissions_that_are_missing)
{
	cleanup_free char *q = queue_name();
	api("PUT", "users/check-me", "{\"password\":\"check-me\",\"tags\":\"\"}");
	api("PUT", "permissions/%2F/check-me",
	    "{\"configure\":\"^$\",\"write\":\"^warren.v1.(dead|replies|delay.*)$\",\"read\":\"^$"
	    "\"}");
	cleanup_free char *url =
	    xprintf("amqp://check-me:check-me@%s", strchr(support_url(), '@') + 1);
	struct result r =
	    worker((const char *const[]){"check", "-q", q, "--url", url, "--", "/bin/true", NULL});
	api("DELETE", "users/check-me", "");
	ck_assert_msg(r.code == 77, "exit %d: %s", r.code, r.out);
	assert_has(r.out, "WRONG   may read warren.v1.q.");
	assert_has(r.out, "WRONG   may publish to warren.v1.jobs for warren.v1.q.");
	assert_has(r.out, "ok      may publish to warren.v1.dead");
	support_result_free(&r);
}
END_TEST

START_TEST(check_finds_nothing_wrong_and_takes_no_job)
{
	cleanup_free char *q = queue_name();
	send_as(q, "t", "1");
	struct result r = worker((const char *const[]){"check", "-q", q, "--", "/bin/true", NULL});
	ck_assert_msg(r.code == 0, "%s", r.out);
	assert_has(r.out, "ok      may publish to warren.v1.delay.27");
	assert_has(r.out, "ok      may read warren.v1.q.");
	support_result_free(&r);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	ck_assert_ptr_null(table_get(&m->headers, "x-delivery-count"));
	message_destroy(m);
}
END_TEST

static Suite *trial_suite(void)
{
	Suite *s = suite_create("trial");
	TCase *c = tcase_create("trial");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, test_and_check_tell_what_is_so, 0,
	                    (int)(sizeof trials / sizeof *trials));
	tcase_add_test(c, check_names_the_permissions_that_are_missing);
	tcase_add_test(c, check_finds_nothing_wrong_and_takes_no_job);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(trial_suite());
}
