/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/clock.h"

#include <stdio.h>
#include <time.h>

enum { MS_PER_DAY = 86400000 };

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/*
 * Returns the days from 1970-01-01 to a date. The year is counted from March here, so that the leap
 * day is the last of a year.
 */
static int64_t days_from_civil(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static char *put_digits(char *out, unsigned value, int count)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
	return out + count;
}

/*
 * Computes the date itself, because gmtime, strftime and printf take longer than everything else
 * that is done for a short job.
 */
static char *put_date(char *out, int64_t days)
{
	days += 719468; /* since 0000-03-01 */
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
	month += month < 10 ? 3 : -9;
	out = put_digits(out, (unsigned)(year_of_era + era * 400 + (month <= 2)), 4);
	*out++ = '-';
	out = put_digits(out, (unsigned)month, 2);
	*out++ = '-';
	return put_digits(out, (unsigned)day, 2);
}

char *clock_format(int64_t at_ms, char out[static CLOCK_TEXT_SIZE])
{
	int64_t first = days_from_civil(0, 1, 1) * MS_PER_DAY,
	        last = days_from_civil(10000, 1, 1) * MS_PER_DAY - 1;
	if (at_ms < first)
		at_ms = first;
	if (at_ms > last)
		at_ms = last;
	unsigned ms = (unsigned)((at_ms % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY); /* of the day */
	char *at = put_date(out, (at_ms - ms) / MS_PER_DAY);
	*at++ = 'T';
	at = put_digits(at, ms / 3600000, 2);
	*at++ = ':';
	at = put_digits(at, ms / 60000 % 60, 2);
	*at++ = ':';
	at = put_digits(at, ms / 1000 % 60, 2);
	*at++ = '.';
	at = put_digits(at, ms % 1000, 3);
	strcpy(at, "Z");
	return out;
}

static bool digits(struct span *s, size_t count, int *value)
{
	if (s->len < count)
		return false;
	*value = 0;
	for (size_t i = 0; i < count; i++) {
		if (s->at[i] < '0' || s->at[i] > '9')
			return false;
		*value = *value * 10 + (s->at[i] - '0');
	}
	s->at += count;
	s->len -= count;
	return true;
}

static bool one_of(struct span *s, const char *set)
{
	if (s->len == 0 || !strchr(set, s->at[0]) || s->at[0] == 0)
		return false;
	s->at++;
	s->len--;
	return true;
}

static int days_in_month(int y, int m)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	return m == 2 && leap ? 29 : days[m - 1];
}

static bool parse_fraction(struct span *s, int *ms)
{
	*ms = 0;
	if (!one_of(s, "."))
		return true;
	size_t count = 0;
	for (int scale = 100; s->len > 0 && s->at[0] >= '0' && s->at[0] <= '9';
	     scale /= 10, count++) {
		*ms += (s->at[0] - '0') * scale;
		s->at++;
		s->len--;
	}
	return count > 0;
}

static bool parse_offset(struct span *s, int *minutes)
{
	*minutes = 0;
	if (one_of(s, "Zz"))
		return true;
	bool west = s->len > 0 && s->at[0] == '-';
	int h, m;
	if (!one_of(s, "+-") || !digits(s, 2, &h) || !one_of(s, ":") || !digits(s, 2, &m) ||
	    h > 23 || m > 59)
		return false;
	*minutes = (west ? -1 : 1) * (h * 60 + m);
	return true;
}

bool clock_parse(struct span s, int64_t *at_ms)
{
	int y, mo, d, h, mi, sec, ms, offset;
	if (!digits(&s, 4, &y) || !one_of(&s, "-") || !digits(&s, 2, &mo) || !one_of(&s, "-") ||
	    !digits(&s, 2, &d))
		return false;
	if (!one_of(&s, "Tt") || !digits(&s, 2, &h) || !one_of(&s, ":") || !digits(&s, 2, &mi) ||
	    !one_of(&s, ":") || !digits(&s, 2, &sec))
		return false;
	if (!parse_fraction(&s, &ms) || !parse_offset(&s, &offset) || s.len != 0)
		return false;
	if (mo < 1 || mo > 12 || d < 1 || d > days_in_month(y, mo) || h > 23 || mi > 59 || sec > 60)
		return false;
	int64_t minutes = days_from_civil(y, mo, d) * 1440 + h * 60 + mi - offset;
	*at_ms = (minutes * 60 + sec) * 1000 + ms;
	return true;
}

static const struct {
	const char *name;
	int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

static bool take_unit(const char **text, int64_t *ms)
{
	size_t len = strspn(*text, "dhms");
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strlen(units[i].name) == len && strncmp(*text, units[i].name, len) == 0) {
			*text += len;
			*ms = units[i].ms;
			return true;
		}
	}
	return false;
}

bool clock_parse_duration(const char *text, int64_t *ms)
{
	int64_t total = 0;
	if (!*text)
		return false;
	for (bool first = true; *text; first = false) {
		int64_t n = 0, unit = 1000, part;
		if (*text < '0' || *text > '9')
			return false;
		for (; *text >= '0' && *text <= '9'; text++)
			if (__builtin_mul_overflow(n, 10, &n) ||
			    __builtin_add_overflow(n, *text - '0', &n))
				return false;
		bool plain = first && *text == 0;
		if (!plain && !take_unit(&text, &unit))
			return false;
		if (__builtin_mul_overflow(n, unit, &part) ||
		    __builtin_add_overflow(total, part, &total))
			return false;
	}
	*ms = total;
	return true;
}

char *clock_format_duration(int64_t ms, char out[static CLOCK_TEXT_SIZE])
{
	size_t used = 0;
	out[0] = 0;
	if (ms <= 0) {
		snprintf(out, CLOCK_TEXT_SIZE, "0s");
		return out;
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		int64_t n = ms / units[i].ms;
		ms %= units[i].ms;
		if (n > 0 && used < CLOCK_TEXT_SIZE - 1)
			used += (size_t)snprintf(out + used, CLOCK_TEXT_SIZE - used, "%lld%s",
			                         (long long)n, units[i].name);
	}
	return out;
}
