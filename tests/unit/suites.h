/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The suites of the pure modules, and random numbers for the tests, which are the same on every
 * run.
 */
#pragma once

#include <check.h>
#include <stdint.h>

Suite *box_suite(void);
Suite *buf_suite(void);
Suite *clock_suite(void);
Suite *delay_suite(void);
Suite *fate_suite(void);
Suite *headers_suite(void);
Suite *job_suite(void);
Suite *log_suite(void);
Suite *outbound_suite(void);
Suite *retry_suite(void);
Suite *settle_suite(void);
Suite *table_suite(void);
Suite *topology_suite(void);
Suite *verdict_suite(void);
Suite *window_suite(void);

/* Returns the next number of splitmix64. */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Returns a suite of the tests, which end with NULL. */
static inline Suite *suite_of(const char *name, const TTest *const *tests)
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);
	for (; *tests; tests++)
		tcase_add_test(tc, *tests);
	suite_add_tcase(s, tc);
	return s;
}
