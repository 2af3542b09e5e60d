/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "worker/handlers/pace.h"

enum { US = 1000, MS = 1000 * US };

/* Returns the pace after replies to jobs of that length, one read each. */
static struct pace heard(unsigned count, uint64_t job_ns, size_t bytes)
{
	struct pace p = {0};
	for (unsigned i = 0; i < count; i++)
		pace_heard(&p, 1, bytes, job_ns);
	return p;
}

START_TEST(nothing_is_known_before_the_first_reply)
{
	struct pace p = {0};
	pace_heard(&p, 0, 100, MS); /* progress, or half a line */
	ck_assert(!pace_may_delay(&p, 1000));
	ck_assert_uint_eq(pace_jobs_ahead(&p), 1);
	pace_heard(&p, 50, 50 * 30, MS);
	ck_assert(pace_may_delay(&p, 1000));
	ck_assert_uint_eq(pace_jobs_ahead(&p), 249);
}
END_TEST

static const struct {
	uint64_t job_ns;
	size_t reply_bytes;
	unsigned in_flight;
	bool may;
} rests[] = {
    {20 * US, 100, 100, true},    {20 * US, 100, 76, true},
    {20 * US, 100, 74, false}, /* done too soon */
    {20 * US, 100, 0, false},     {99 * US, 100, 16, true},
    {101 * US, 100, 1000, false}, /* each of them is worth a look */
    {5 * MS, 100, 1000, false},   {20 * US, 200, 1000, true},
    {20 * US, 300, 1000, false}, /* its pipe would be full */
    {90 * US, 900, 1000, true},   {90 * US, 4000, 1000, false},
    {2 * US, 100, 1000, false},
};

START_TEST(what_has_enough_short_jobs_and_short_replies_may_rest)
{
	struct pace p = heard(40, rests[_i].job_ns, rests[_i].reply_bytes);
	ck_assert_int_eq(pace_may_delay(&p, rests[_i].in_flight), rests[_i].may);
}
END_TEST

START_TEST(as_many_as_take_five_milliseconds_are_written_ahead)
{
	struct pace p = heard(40, 100 * US, 100);
	ck_assert_uint_eq(pace_jobs_ahead(&p), 49);
	p = heard(40, 4 * MS, 100);
	ck_assert_uint_eq(pace_jobs_ahead(&p), 1);
	p = heard(40, 0, 0);
	ck_assert_uint_eq(pace_jobs_ahead(&p), 5 * MS);
}
END_TEST

START_TEST(replies_read_together_count_as_if_they_had_come_one_by_one)
{
	struct pace one_by_one = heard(160, 20 * US, 100), together = {0};
	for (int i = 0; i < 10; i++)
		pace_heard(&together, 16, 16 * 100, 16 * 20 * US);
	ck_assert_uint_eq(together.job_ns, one_by_one.job_ns);
	ck_assert_uint_eq(together.reply_bytes, one_by_one.reply_bytes);
}
END_TEST

START_TEST(a_long_job_is_noticed_and_forgotten)
{
	struct pace p = heard(40, 20 * US, 100);
	pace_heard(&p, 1, 100, 1000 * (uint64_t)MS);
	ck_assert(!pace_may_delay(&p, 1000));
	ck_assert_uint_eq(pace_jobs_ahead(&p), 1);
	for (int i = 0; i < 20; i++)
		pace_heard(&p, 16, 16 * 100, 16 * 20 * US);
	ck_assert(pace_may_delay(&p, 1000));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pace");
	TCase *c = tcase_create("pace");
	tcase_add_test(c, nothing_is_known_before_the_first_reply);
	tcase_add_loop_test(c, what_has_enough_short_jobs_and_short_replies_may_rest, 0,
	                    sizeof rests / sizeof *rests);
	tcase_add_test(c, as_many_as_take_five_milliseconds_are_written_ahead);
	tcase_add_test(c, replies_read_together_count_as_if_they_had_come_one_by_one);
	tcase_add_test(c, a_long_job_is_noticed_and_forgotten);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
