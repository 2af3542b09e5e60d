/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/base/clock.h"
#include "tests/unit/suites.h"

START_TEST(rfc3339_times_are_read)
{
	static const struct {
		const char *text;
		int64_t at_ms;
	} rows[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"2026-11-24T09:08:00.123Z", 1795511280123},
	    {"2026-11-24t09:08:00.123z", 1795511280123},
	    {"2026-11-24T10:08:00.123+01:00", 1795511280123},
	    {"2026-11-24T03:38:00.123-05:30", 1795511280123},
	    {"2026-11-24T09:08:00.1Z", 1795511280100},
	    {"2026-11-24T09:08:00.12399999999999999999999999Z", 1795511280123},
	    {"2024-02-29T00:00:00Z", 1709164800000},
	    {"2000-02-29T23:59:59Z", 951868799000},
	    {"2016-12-31T23:59:60Z", 1483228800000},
	    {"1969-12-31T23:59:59.999Z", -1},
	    {"0000-01-01T00:00:00Z", -62167219200000},
	    {"9999-12-31T23:59:59.999Z", 253402300799999},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t at_ms = 42;
		ck_assert_msg(clock_parse(span_of(rows[i].text), &at_ms), "%s", rows[i].text);
		ck_assert_msg(at_ms == rows[i].at_ms, "%s: %lld", rows[i].text, (long long)at_ms);
	}
}
END_TEST

START_TEST(what_is_no_rfc3339_time_is_refused)
{
	static const char *const rows[] = {
	    "",
	    "2026-11-24",
	    "2026-11-24T09:08:00",
	    "2026-11-24 09:08:00Z",
	    "2026-11-24T09:08Z",
	    "2026-13-24T09:08:00Z",
	    "2026-00-24T09:08:00Z",
	    "2026-11-31T09:08:00Z",
	    "2026-11-00T09:08:00Z",
	    "2023-02-29T00:00:00Z",
	    "1900-02-29T00:00:00Z",
	    "2026-11-24T24:00:00Z",
	    "2026-11-24T09:60:00Z",
	    "2026-11-24T09:08:61Z",
	    "2026-11-24T09:08:00.Z",
	    "2026-11-24T09:08:00,5Z",
	    "2026-11-24T09:08:00+0100",
	    "2026-11-24T09:08:00+24:00",
	    "2026-11-24T09:08:00+01:60",
	    "2026-11-24T09:08:00Z ",
	    " 2026-11-24T09:08:00Z",
	    "02026-11-24T09:08:00Z",
	    "+2026-11-24T09:08:00Z",
	    "2026-1-24T09:08:00Z",
	    "2026/11/24T09:08:00Z",
	    "20x6-11-24T09:08:00Z",
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t at_ms = 42;
		ck_assert_msg(!clock_parse(span_of(rows[i]), &at_ms), "%s", rows[i]);
		ck_assert_int_eq(at_ms, 42);
	}
	int64_t at_ms;
	ck_assert(!clock_parse((struct span){"2026-11-24T09:08:00\0Z", 21}, &at_ms));
}
END_TEST

START_TEST(times_come_back_as_they_were_written)
{
	uint64_t seed = 1;
	for (int i = 0; i < 20000; i++) {
		int64_t at_ms = (int64_t)(next_random(&seed) % 315569520000000) - 62167219200000,
		        back = 0;
		char text[CLOCK_TEXT_SIZE];
		ck_assert_uint_eq(strlen(clock_format(at_ms, text)), 24);
		if (!clock_parse(span_of(text), &back) || back != at_ms)
			ck_abort_msg("%s is not %lld", text, (long long)at_ms);
	}
}
END_TEST

START_TEST(times_outside_the_calendar_are_clamped)
{
	char text[CLOCK_TEXT_SIZE];
	ck_assert_str_eq(clock_format(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
	ck_assert_str_eq(clock_format(INT64_MIN, text), "0000-01-01T00:00:00.000Z");
	ck_assert_str_eq(clock_format(-1, text), "1969-12-31T23:59:59.999Z");
	ck_assert_str_eq(clock_format(1795511280123, text), "2026-11-24T09:08:00.123Z");
}
END_TEST

START_TEST(durations_are_read)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
	    {"0", 0},
	    {"30", 30000},
	    {"500ms", 500},
	    {"30s", 30000},
	    {"10m", 600000},
	    {"2h", 7200000},
	    {"7d", 604800000},
	    {"1h30m", 5400000},
	    {"1d2h3m4s5ms", 93784005},
	    {"9223372036854775807ms", INT64_MAX},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t ms = -1;
		ck_assert_msg(clock_parse_duration(rows[i].text, &ms), "%s", rows[i].text);
		ck_assert_msg(ms == rows[i].ms, "%s: %lld", rows[i].text, (long long)ms);
	}
}
END_TEST

START_TEST(what_is_no_duration_is_refused)
{
	static const char *const rows[] = {"",
	                                   "s",
	                                   "-1s",
	                                   "+1s",
	                                   "1 s",
	                                   " 1s",
	                                   "1s ",
	                                   "1.5s",
	                                   "1w",
	                                   "1hm",
	                                   "1h30",
	                                   "1msms",
	                                   "0x10",
	                                   "1e3",
	                                   "9223372036854775808ms",
	                                   "99999999999999999999999",
	                                   "106751991168d",
	                                   "9223372036854775807ms1ms"};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t ms = 42;
		ck_assert_msg(!clock_parse_duration(rows[i], &ms), "%s", rows[i]);
		ck_assert_int_eq(ms, 42);
	}
}
END_TEST

START_TEST(durations_come_back_as_they_were_written)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {{0, "0s"},        {-5, "0s"},       {1, "1ms"},
	            {90000, "1m30s"}, {86400000, "1d"}, {INT64_MAX, "106751991167d7h12m55s807ms"}};
	char text[CLOCK_TEXT_SIZE];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_str_eq(clock_format_duration(rows[i].ms, text), rows[i].text);
	uint64_t seed = 2;
	for (int i = 0; i < 20000; i++) {
		int64_t ms = (int64_t)(next_random(&seed) >> (1 + i % 63)), back = -1;
		if (!clock_parse_duration(clock_format_duration(ms, text), &back) || back != ms)
			ck_abort_msg("%s is not %lld", text, (long long)ms);
	}
}
END_TEST

START_TEST(the_clocks_run)
{
	int64_t before = clock_monotonic_ms(), now = clock_now_ms();
	ck_assert_int_gt(before, 0);
	ck_assert_int_gt(now, INT64_C(1577836800000)); /* this was written after 2020 */
	ck_assert_int_ge(clock_monotonic_ms(), before);
}
END_TEST

Suite *clock_suite(void)
{
	const TTest *const tests[] = {
	    rfc3339_times_are_read,
	    what_is_no_rfc3339_time_is_refused,
	    times_come_back_as_they_were_written,
	    times_outside_the_calendar_are_clamped,
	    durations_are_read,
	    what_is_no_duration_is_refused,
	    durations_come_back_as_they_were_written,
	    the_clocks_run,
	    NULL,
	};
	return suite_of("clock", tests);
}
