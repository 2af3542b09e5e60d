/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as numbers and as text. A point in time is milliseconds since 1970 UTC in an int64_t, and
 * its name ends in _at_ms. A length of time is milliseconds, and its name ends in _ms.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

#define CLOCK_NEVER INT64_MIN /* "no such point in time" */

/* Returns the wall clock's time, for points in time that are written down. */
int64_t clock_now_ms(void);
/* Returns a time that never jumps, for deadlines and durations. It has no fixed start. */
int64_t clock_monotonic_ms(void);

enum { CLOCK_TEXT_SIZE = 32 };
/* Writes a time as "2026-11-24T09:08:00.123Z", clamped to the years 0000 to 9999. Returns out. */
char *clock_format(int64_t at_ms, char out[static CLOCK_TEXT_SIZE]);

/*
 * Reads a time as of RFC 3339 (section 5.6) with any offset. Takes 't' and 'z' too, cuts a fraction
 * of any length to milliseconds, and reads leap second 60 as the next second. Returns false and
 * leaves *at_ms alone for other forms and for dates that do not exist.
 */
bool clock_parse(struct span text, int64_t *at_ms);

/*
 * Reads a duration such as "500ms", "30s", "10m", "2h", "7d" or "1h30m". Plain digits are seconds.
 * Returns false and leaves *ms alone for a sign, a blank, an overflow and anything else.
 */
bool clock_parse_duration(const char *text, int64_t *ms);

/* Writes the shortest exact form that clock_parse_duration reads, such as "1m30s". Returns out. */
char *clock_format_duration(int64_t ms, char out[static CLOCK_TEXT_SIZE]);
