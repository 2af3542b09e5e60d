/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The delay ring's arithmetic: a delay is a number of 125 ms units in binary; each set bit is one
 * hop through the level of that bit, highest first, and a header per hop names the next. Pure.
 * docs/design.md draws it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DELAY_LEVELS = 28, DELAY_UNIT_MS = 125, DELAY_BACKOFF_BITS = 4 };
#define DELAY_UNITS_MAX ((UINT32_C(1) << DELAY_LEVELS) - 1)

/* Milliseconds -> units, rounded up, clamped to 0 .. DELAY_UNITS_MAX (388 days). */
uint32_t delay_units(int64_t delay_ms);
/* Rounds up to DELAY_BACKOFF_BITS significant bits (at most that many hops, less than 12.5 %
 * later), clamped. */
uint32_t delay_round_backoff(uint32_t units);

struct delay_hop {
	int level; /* 0 .. DELAY_LEVELS-1; header warren-<level> */
	int next;  /* the next level, or -1 for "out" */
};
struct delay_route {
	struct delay_hop hops[DELAY_LEVELS]; /* hops[0].level is where to enter */
	size_t count;                        /* 0: no delay, publish to P.jobs */
};
struct delay_route delay_route(uint32_t units);
