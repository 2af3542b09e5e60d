/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failure that repeats is told at once when its words are new, then again after 1 minute, 2, 4
 * ... up to an hour, with the number of times.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { COMPLAINT_TEXT_SIZE = 64, COMPLAINT_WORDS = 8 };

struct complaint {
	uint64_t words[COMPLAINT_WORDS]; /* hashes of what was told; several addresses fail in
	                                    several ways */
	unsigned known;                  /* told so far */
	unsigned times;                  /* since anything was told */
	int64_t pause_ms;                /* until it is told again */
	int64_t told_at_ms;              /* monotonic */
};

/*
 * True: tell it now. again gets what is to follow the words then: "" or " (N times since it was
 * told last)".
 */
bool complaint_due(struct complaint *c, const char *words, int64_t now_ms,
                   char again[static COMPLAINT_TEXT_SIZE]);
/* It works again: the next failure is told at once, whatever its words. Had anything been told? */
bool complaint_over(struct complaint *c);
