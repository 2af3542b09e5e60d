/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the replies of a handler process may lie for a moment. One that has many short jobs to do answers them one by
 * one, and to wake up for each reply costs more than the job. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PACE_REST_MS = 1 }; /* so long, by a timer of milliseconds */

/* Zero-initialised: nothing is known yet. */
struct pace {
	uint64_t heard_ns; /* when replies were last read; 0: never */
	uint64_t gap_ns;   /* between two replies, on average; 0: not known */
};

/* So many replies were read together. now_ns: of any clock that only goes forward. */
void pace_heard(struct pace *p, unsigned replies, uint64_t now_ns);
/* Will it be busy for longer than a rest, with the jobs that it still holds? */
bool pace_may_rest(const struct pace *p, unsigned in_flight);
