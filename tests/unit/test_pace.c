/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "worker/handlers/pace.h"

enum { US = 1000, MS = 1000 * US };

/* Replies at that distance, one read each. */
static void hear(struct pace *p, uint64_t *now_ns, unsigned count, uint64_t gap_ns)
{
	for (unsigned i = 0; i < count; i++)
		pace_heard(p, 1, *now_ns += gap_ns);
}

START_TEST(nothing_rests_before_two_replies_are_known)
{
	struct pace p = {0};
	ck_assert(!pace_may_rest(&p, 1000));
	pace_heard(&p, 0, MS);
	ck_assert_uint_eq(p.heard_ns, 0);
	pace_heard(&p, 50, MS);
	ck_assert(!pace_may_rest(&p, 1000));
	pace_heard(&p, 50, 2 * MS);
	ck_assert_uint_eq(p.gap_ns, MS / 50);
	ck_assert(pace_may_rest(&p, 1000));
}
END_TEST

static const struct {
	uint64_t gap_ns;
	unsigned in_flight;
	bool may;
} cases[] = {
    {20 * US, 100, true}, {20 * US, 75, true}, {20 * US, 74, false},    {20 * US, 0, false},   {2 * US, 500, false},
    {2 * US, 1000, true}, {99 * US, 16, true}, {100 * US, 1000, false}, {5 * MS, 1000, false}, /* each of them is worth
                                                                                                  a look */
};

START_TEST(what_has_enough_short_jobs_may_rest)
{
	struct pace p = {0};
	uint64_t now_ns = MS;
	hear(&p, &now_ns, 20, cases[_i].gap_ns);
	ck_assert_int_eq(pace_may_rest(&p, cases[_i].in_flight), cases[_i].may);
}
END_TEST

START_TEST(after_a_silence_it_has_to_be_quick_again_first)
{
	struct pace p = {0};
	uint64_t now_ns = MS;
	hear(&p, &now_ns, 20, 20 * US);
	hear(&p, &now_ns, 1, 1000 * (uint64_t)MS);
	ck_assert(!pace_may_rest(&p, 1000));
	hear(&p, &now_ns, 60, 20 * US);
	ck_assert(pace_may_rest(&p, 1000));
}
END_TEST

START_TEST(replies_read_together_came_one_after_the_other)
{
	struct pace p = {0};
	uint64_t now_ns = MS;
	hear(&p, &now_ns, 20, 20 * US);
	pace_heard(&p, 50, now_ns += MS);
	ck_assert_uint_eq(p.gap_ns, 20 * US);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pace");
	TCase *c = tcase_create("pace");
	tcase_add_test(c, nothing_rests_before_two_replies_are_known);
	tcase_add_loop_test(c, what_has_enough_short_jobs_may_rest, 0, sizeof cases / sizeof *cases);
	tcase_add_test(c, after_a_silence_it_has_to_be_quick_again_first);
	tcase_add_test(c, replies_read_together_came_one_after_the_other);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
