/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how often a failure that repeats is told: at once when its words are new, then again
 * after 1 minute, 2, 4 and so on up to an hour, with the number of times. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { COMPLAINT_TEXT_SIZE = 64, COMPLAINT_WORDS = 8 };

struct complaint {
	/* Hashes of the words that were told. Several, because a broker with several addresses
	 * fails in several ways. */
	uint64_t words[COMPLAINT_WORDS];
	unsigned known;     /* how many words were told */
	unsigned times;     /* how often it failed since anything was told */
	int64_t pause_ms;   /* until it may be told again */
	int64_t told_at_ms; /* monotonic */
};

/*
 * Returns true if the failure is to be told now. Then again gets the text to put behind the words:
 * "", or " (N times since it was told last)".
 */
bool complaint_due(struct complaint *c, const char *words, int64_t now_ms,
                   char again[static COMPLAINT_TEXT_SIZE]);
/* Forgets everything, because it works again: the next failure is told at once. Returns true if
 * anything had been told. */
bool complaint_over(struct complaint *c);
