/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a process works that runs its jobs in turn, and what follows from it: how many jobs may
 * be written ahead, and whether its replies may lie for a moment, for to wake up for each of them
 * costs more than a short job does. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACE_REST_MS = 1,  /* of its replies, by a timer of milliseconds */
	PACE_AHEAD_MS = 5, /* of work that may lie before a job */
};

/* Zero-initialised: nothing is known yet. */
struct pace {
	uint64_t job_ns;      /* of a job, on average; 0: not known */
	uint64_t reply_bytes; /* on average */
};

/* So many replies were read together. took_ns: since those before them, or since the first of these
 * jobs began. */
void pace_heard(struct pace *p, unsigned replies, size_t bytes, uint64_t took_ns);
/* How many jobs may be in it at a time: 1 while nothing is known. */
unsigned pace_jobs_ahead(const struct pace *p);
/*
 * Has it more to do than a rest takes, and does what it replies meanwhile fit into its pipe with
 * ease? It would have to wait for us otherwise.
 */
bool pace_may_rest(const struct pace *p, unsigned in_flight);
