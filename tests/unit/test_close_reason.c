/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the words with which RabbitMQ 3.10.8 and 4.3.6 close channels and connections. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/close_reason.h"

static const struct {
	int code;
	const char *text;
	enum error_kind kind;
	enum error_cause cause;
	const char *exchange;
	uint64_t size;
} rows[] = {
    {404, "NOT_FOUND - no queue 'warren.v1.q.x' in vhost '/'", ERROR_CONFIG, CAUSE_NO_QUEUE, NULL,
     0},
    {404, "NOT_FOUND - no exchange 'warren.v1.jobs' in vhost '/'", ERROR_CONFIG, CAUSE_NO_EXCHANGE,
     "warren.v1.jobs", 0},
    {403,
     "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the "
     "broker logfile.",
     ERROR_AUTH, CAUSE_WRONG_LOGIN, NULL, 0},
    {403, "ACCESS_REFUSED - access to exchange 'e' in vhost '/' refused for user 'u'", ERROR_AUTH,
     CAUSE_NOT_ALLOWED, "e", 0},
    {403, "ACCESS_REFUSED - write access to exchange 'e' in vhost '/' refused for user 'u'",
     ERROR_AUTH, CAUSE_NOT_ALLOWED, "e", 0},
    {403, "ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused for user 'u'",
     ERROR_AUTH, CAUSE_MAY_NOT_LOOK, NULL, 0},
    {530, "NOT_ALLOWED - access to vhost '/' refused for user 'u'", ERROR_AUTH, CAUSE_NOT_ALLOWED,
     NULL, 0},
    {530, "NOT_ALLOWED - vhost x not found", ERROR_AUTH, CAUSE_NOT_ALLOWED, NULL, 0},
    {530, "NOT_ALLOWED - access to vhost '/' refused for user 'u': connection limit (0) is reached",
     ERROR_UNAVAILABLE, CAUSE_LIMIT, NULL, 0},
    {530, "NOT_ALLOWED - connection refused for user 'u': user connection limit (0) is reached",
     ERROR_UNAVAILABLE, CAUSE_LIMIT, NULL, 0},
    {530,
     "NOT_ALLOWED - number of channels opened for user 'u' has reached the maximum allowed user "
     "limit of (1)",
     ERROR_UNAVAILABLE, CAUSE_LIMIT, NULL, 0},
    {406,
     "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' "
     "but current is 'false'",
     ERROR_CONFIG, CAUSE_MISMATCH, NULL, 0},
    {406,
     "PRECONDITION_FAILED - delivery acknowledgement on channel 10 timed out. Timeout value used: "
     "60000 ms. This timeout value can be configured, see consumers doc guide to learn more",
     ERROR_CONFIG, CAUSE_HELD_TOO_LONG, NULL, 0},
    {406, "PRECONDITION_FAILED - message size 16777217 is larger than configured max size 16777216",
     ERROR_CONFIG, CAUSE_TOO_LARGE, NULL, 16777217},
    {320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
     ERROR_UNAVAILABLE, CAUSE_OTHER, NULL, 0},
    {541, "INTERNAL_ERROR", ERROR_UNAVAILABLE, CAUSE_OTHER, NULL, 0},
    {404, "NOT_FOUND - no exchange 'cut", ERROR_CONFIG, CAUSE_NO_EXCHANGE, NULL, 0},
    {0, "", ERROR_CONFIG, CAUSE_OTHER, NULL, 0},
};

START_TEST(the_words_of_the_broker_have_a_cause)
{
	struct close_reason r = close_reason_read(rows[_i].code, rows[_i].text);
	ck_assert_int_eq(r.kind, rows[_i].kind);
	ck_assert_int_eq(r.cause, rows[_i].cause);
	ck_assert_uint_eq(r.size, rows[_i].size);
	if (!rows[_i].exchange) {
		ck_assert_ptr_null(r.exchange.at);
		return;
	}
	ck_assert_uint_eq(r.exchange.len, strlen(rows[_i].exchange));
	ck_assert(memcmp(r.exchange.at, rows[_i].exchange, r.exchange.len) == 0);
}
END_TEST

START_TEST(an_error_has_the_words_and_the_cause)
{
	struct error err = {0};
	ck_assert_int_eq(close_reason_error(404, "NOT_FOUND - no queue 'q'", "queue 'q'", &err),
	                 -1);
	ck_assert_str_eq(err.text, "queue 'q': NOT_FOUND - no queue 'q'");
	ck_assert_int_eq(err.cause, CAUSE_NO_QUEUE);
	error_wrap(&err, "broker h:1");
	ck_assert_int_eq(err.cause, CAUSE_NO_QUEUE);
	error_set(&err, ERROR_IO, "something else");
	ck_assert_int_eq(err.cause, CAUSE_OTHER);
}
END_TEST

START_TEST(a_limit_names_its_way_out)
{
	struct error err = {0};
	close_reason_error(530, "NOT_ALLOWED - connection refused: connection limit (0) is reached",
	                   "login", &err);
	ck_assert_int_eq(err.kind, ERROR_UNAVAILABLE);
	ck_assert(strstr(err.text, "set_vhost_limits") != NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("close reason");
	TCase *tc = tcase_create("close reason");
	tcase_add_loop_test(tc, the_words_of_the_broker_have_a_cause, 0,
	                    sizeof rows / sizeof *rows);
	tcase_add_test(tc, an_error_has_the_words_and_the_cause);
	tcase_add_test(tc, a_limit_names_its_way_out);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
