/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures how fast a process works that runs its jobs in turn. From that follows how many jobs may
 * be written ahead, and whether its replies may stay unread for a moment: waking up for each one
 * costs more than a short job. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACE_DELAY_MS = 1, /* how long replies may stay unread, by a timer of milliseconds */
	PACE_AHEAD_MS = 5, /* how much work may be written ahead of a job */
};

/* Zero-initialised, when nothing is known yet. */
struct pace {
	uint64_t job_ns;      /* of a job, on average; 0 when not known */
	uint64_t reply_bytes; /* on average */
};

/* Notes that so many replies were read together. took_ns is the time since those before them, or
 * since the first of these jobs began. */
void pace_heard(struct pace *p, unsigned replies, size_t bytes, uint64_t took_ns);
/* Returns how many jobs the process may hold at a time, which is 1 while nothing is known. */
unsigned pace_jobs_ahead(const struct pace *p);
/*
 * Returns true when the process has more to do than the delay takes, and what it replies meanwhile
 * fits into its pipe with ease. Otherwise it would have to wait for us.
 */
bool pace_may_delay(const struct pace *p, unsigned in_flight);
