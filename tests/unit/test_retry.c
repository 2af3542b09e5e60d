/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/job/retry.h"
#include "tests/unit/suites.h"

START_TEST(delays_grow_by_their_kind_up_to_the_cap)
{
	static const struct {
		enum backoff_kind kind;
		int64_t base_ms, max_ms;
		unsigned n;
		int64_t want;
	} rows[] = {
	    {BACKOFF_EXPONENTIAL, 1000, 3600000, 1, 1000},
	    {BACKOFF_EXPONENTIAL, 1000, 3600000, 2, 2000},
	    {BACKOFF_EXPONENTIAL, 1000, 3600000, 12, 2048000},
	    {BACKOFF_EXPONENTIAL, 1000, 3600000, 13, 3600000},
	    {BACKOFF_EXPONENTIAL, 1000, 3600000, 4000000000u, 3600000},
	    {BACKOFF_EXPONENTIAL, 3, INT64_MAX, 63, INT64_MAX},
	    {BACKOFF_EXPONENTIAL, 1, INT64_MAX, 63, INT64_C(1) << 62},
	    {BACKOFF_EXPONENTIAL, 1, INT64_MAX, 64, INT64_MAX},
	    {BACKOFF_EXPONENTIAL, 0, INT64_MAX, 4000000000u, 0},
	    {BACKOFF_LINEAR, 1000, 5000, 1, 1000},
	    {BACKOFF_LINEAR, 1000, 5000, 4, 4000},
	    {BACKOFF_LINEAR, 1000, 5000, 6, 5000},
	    {BACKOFF_LINEAR, INT64_MAX / 2, INT64_MAX, 3, INT64_MAX},
	    {BACKOFF_FIXED, 700, 5000, 1, 700},
	    {BACKOFF_FIXED, 700, 5000, 9, 700},
	    {BACKOFF_FIXED, 700, 500, 9, 500},
	    {BACKOFF_FIXED, 700, 5000, 0, 700},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct retry_policy p = {
		    .kind = rows[i].kind, .base_ms = rows[i].base_ms, .max_ms = rows[i].max_ms};
		int64_t ms = retry_delay_ms(&p, rows[i].n, 0.999);
		ck_assert_msg(ms == rows[i].want, "row %zu: %lld", i, (long long)ms);
	}
}
END_TEST

START_TEST(jitter_takes_its_share_away)
{
	struct retry_policy p = {
	    .kind = BACKOFF_FIXED, .base_ms = 1000, .max_ms = 5000, .jitter = 0.2};
	ck_assert_int_eq(retry_delay_ms(&p, 1, 0.0), 1000);
	ck_assert_int_eq(retry_delay_ms(&p, 1, 0.5), 900);
	ck_assert_int_eq(retry_delay_ms(&p, 1, 0.999), 801);
	p.jitter = 1;
	ck_assert_int_eq(retry_delay_ms(&p, 1, 0.9999), 1);
	p.base_ms = p.max_ms = INT64_MAX;
	ck_assert_int_ge(retry_delay_ms(&p, 1, 0x1.fffffffffffffp-1), 0);
}
END_TEST

START_TEST(a_job_overrides_field_by_field)
{
	struct retry_override none = {0};
	struct retry_policy same = retry_apply(&retry_default, &none);
	ck_assert_uint_eq(same.max_attempts, 5);
	ck_assert_uint_eq(same.max_crashes, 3);
	ck_assert_int_eq(same.kind, BACKOFF_EXPONENTIAL);
	ck_assert_int_eq(same.base_ms, 1000);
	ck_assert_int_eq(same.max_ms, 3600000);
	ck_assert(same.jitter == 0.2);
	struct retry_override all = {.has_max_attempts = true,
	                             .has_kind = true,
	                             .has_base_ms = true,
	                             .has_max_ms = true,
	                             .has_jitter = true,
	                             .max_attempts = 9,
	                             .kind = BACKOFF_FIXED,
	                             .base_ms = 1,
	                             .max_ms = 2,
	                             .jitter = 0.5};
	struct retry_policy other = retry_apply(&retry_default, &all);
	ck_assert_uint_eq(other.max_attempts, 9);
	ck_assert_uint_eq(other.max_timeouts, 3);
	ck_assert_int_eq(other.kind, BACKOFF_FIXED);
	ck_assert_int_eq(other.base_ms, 1);
	ck_assert_int_eq(other.max_ms, 2);
	ck_assert(other.jitter == 0.5);
}
END_TEST

START_TEST(backoffs_are_read_from_text)
{
	static const struct {
		const char *text;
		enum backoff_kind kind;
		int64_t base_ms, max_ms; /* -1: not said */
		double jitter;           /* -1: not said */
	} rows[] = {
	    {"exp:1s..1h", BACKOFF_EXPONENTIAL, 1000, 3600000, -1},
	    {"exponential:1s", BACKOFF_EXPONENTIAL, 1000, -1, -1},
	    {"linear:5s..10m~0.3", BACKOFF_LINEAR, 5000, 600000, 0.3},
	    {"fixed:30s", BACKOFF_FIXED, 30000, -1, -1},
	    {"fixed:500ms~1", BACKOFF_FIXED, 500, -1, 1},
	    {"fixed:30~0", BACKOFF_FIXED, 30000, -1, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct retry_override o = {.has_max_attempts = true, .max_attempts = 4};
		ck_assert_msg(retry_parse_backoff(rows[i].text, &o), "%s", rows[i].text);
		ck_assert(o.has_max_attempts && o.max_attempts == 4 && o.has_kind && o.has_base_ms);
		ck_assert_int_eq(o.kind, rows[i].kind);
		ck_assert_int_eq(o.base_ms, rows[i].base_ms);
		ck_assert_int_eq(o.has_max_ms ? o.max_ms : -1, rows[i].max_ms);
		ck_assert(o.has_jitter == (rows[i].jitter >= 0));
		ck_assert(!o.has_jitter || o.jitter == rows[i].jitter);
	}
}
END_TEST

START_TEST(what_is_no_backoff_is_refused)
{
	static const char *const rows[] = {
	    "",
	    "exp",
	    "exp:",
	    "1s",
	    "wild:1s",
	    "exp:0s",
	    "exp:1s..",
	    "exp:1s..0s",
	    "exp:..1h",
	    "exp:1s~",
	    "exp:1s~2",
	    "exp:1s~-0.1",
	    "exp:1s~nan",
	    "exp:1s~0.3x",
	    "exp:1s~ 0.3",
	    "exp:1s~0.1~0.2",
	    "exp:1s..2s..3s",
	    "Exp:1s",
	    " exp:1s",
	    "fixed:"
	    "1sxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxx",
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct retry_override o = {0}, untouched = {0};
		ck_assert_msg(!retry_parse_backoff(rows[i], &o), "%s", rows[i]);
		ck_assert_mem_eq(&o, &untouched, sizeof o);
	}
}
END_TEST

START_TEST(kinds_have_names)
{
	for (int k = BACKOFF_EXPONENTIAL; k <= BACKOFF_FIXED; k++) {
		enum backoff_kind back = BACKOFF_EXPONENTIAL;
		ck_assert(backoff_from_name(backoff_name((enum backoff_kind)k), &back));
		ck_assert_int_eq(back, k);
	}
	enum backoff_kind kind;
	ck_assert(!backoff_from_name("quadratic", &kind));
	ck_assert(!backoff_from_name("exp", &kind)); /* short only where people type */
	ck_assert_str_eq(backoff_name(BACKOFF_EXPONENTIAL), "exponential");
}
END_TEST

Suite *retry_suite(void)
{
	const TTest *const tests[] = {
	    delays_grow_by_their_kind_up_to_the_cap,
	    jitter_takes_its_share_away,
	    a_job_overrides_field_by_field,
	    backoffs_are_read_from_text,
	    what_is_no_backoff_is_refused,
	    kinds_have_names,
	    NULL,
	};
	return suite_of("retry", tests);
}
