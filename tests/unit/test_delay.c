/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests all small delays and a sample of the large ones. delay_sweep.c (suite long) tests every
 * single value.
 */
#include "common/job/delay.h"
#include "tests/unit/delay_property.h"
#include "tests/unit/suites.h"

START_TEST(milliseconds_are_rounded_up_to_units)
{
	static const struct {
		int64_t ms;
		uint32_t units;
	} rows[] = {
	    {INT64_MIN, 0},
	    {-1, 0},
	    {0, 0},
	    {1, 1},
	    {125, 1},
	    {126, 2},
	    {12500, 100},
	    {(int64_t)DELAY_UNITS_MAX * 125, DELAY_UNITS_MAX},
	    {(int64_t)DELAY_UNITS_MAX * 125 + 1, DELAY_UNITS_MAX},
	    {INT64_MAX, DELAY_UNITS_MAX},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_uint_eq(delay_units(rows[i].ms), rows[i].units);
	ck_assert_int_eq(delay_units(INT64_C(388) * 86400000) < DELAY_UNITS_MAX, 1);
}
END_TEST

START_TEST(twelve_and_a_half_seconds_take_three_hops)
{
	struct delay_route r = delay_route(100);
	ck_assert_uint_eq(r.count, 3);
	ck_assert_int_eq(r.hops[0].level, 6);
	ck_assert_int_eq(r.hops[0].next, 5);
	ck_assert_int_eq(r.hops[1].level, 5);
	ck_assert_int_eq(r.hops[1].next, 2);
	ck_assert_int_eq(r.hops[2].level, 2);
	ck_assert_int_eq(r.hops[2].next, -1);
	ck_assert_uint_eq(delay_route(0).count, 0);
	ck_assert_uint_eq(delay_route(UINT32_MAX).count, DELAY_LEVELS); /* clamped */
}
END_TEST

START_TEST(hops_sum_to_the_delay)
{
	uint64_t seed = 3;
	for (uint32_t units = 0; units < 1u << 22; units++)
		if (!delay_is_right(units))
			ck_abort_msg("%u units", units);
	for (int i = 0; i < 1000000; i++) {
		uint32_t units = (uint32_t)next_random(&seed) & DELAY_UNITS_MAX;
		if (!delay_is_right(units))
			ck_abort_msg("%u units", units);
	}
	for (uint64_t units = 0; units <= DELAY_UNITS_MAX; units += 4099)
		if (!delay_is_right((uint32_t)units))
			ck_abort_msg("%llu units", (unsigned long long)units);
	ck_assert(delay_is_right(DELAY_UNITS_MAX));
}
END_TEST

START_TEST(the_property_notices_a_wrong_route)
{
	struct delay_route r = delay_route(100);
	ck_assert(delay_route_sums_to(&r, 100));
	ck_assert(!delay_route_sums_to(&r, 101));
	r.hops[1].next = 3;
	ck_assert(!delay_route_sums_to(&r, 100));
	r = delay_route(100);
	r.hops[2].next = 0;
	ck_assert(!delay_route_sums_to(&r, 100));
}
END_TEST

Suite *delay_suite(void)
{
	const TTest *const tests[] = {
	    milliseconds_are_rounded_up_to_units,
	    twelve_and_a_half_seconds_take_three_hops,
	    hops_sum_to_the_delay,
	    the_property_notices_a_wrong_route,
	    NULL,
	};
	return suite_of("delay", tests);
}
