/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as numbers and as text. Points in time are milliseconds since 1970 UTC
 * (int64_t, names end in _at_ms), lengths are milliseconds (names end in _ms).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

#define CLOCK_NEVER INT64_MIN /* "no such point in time" */

int64_t clock_now_ms(void);       /* wall clock: for what is written down */
int64_t clock_monotonic_ms(void); /* for deadlines and durations: never jumps */

enum { CLOCK_TEXT_SIZE = 32 };
/* "2026-11-24T09:08:00.123Z" into out; years 0000 to 9999, clamped. Returns out. */
char *clock_format(int64_t at_ms, char out[static CLOCK_TEXT_SIZE]);

/*
 * RFC 3339 (section 5.6) with any offset, 't' and 'z' allowed, fraction of any
 * length cut to milliseconds, leap second 60 read as the next second. Rejects
 * dates that do not exist. False leaves *at_ms alone.
 */
bool clock_parse(struct span text, int64_t *at_ms);

/*
 * "500ms", "30s", "10m", "2h", "7d", "1h30m", plain digits are seconds. No sign,
 * no blanks, no overflow. False leaves *ms alone.
 */
bool clock_parse_duration(const char *text, int64_t *ms);

/* The shortest exact form that clock_parse_duration reads back, e.g. "1m30s". Returns out. */
char *clock_format_duration(int64_t ms, char out[static CLOCK_TEXT_SIZE]);
