/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of the delay ring. A delay is a number of units of 125 ms, written in binary. Each
 * bit that is set is one hop through the level of that bit, the highest first, and a header for
 * each hop names the next. docs/design.md draws it. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DELAY_LEVELS = 28, DELAY_UNIT_MS = 125, DELAY_BACKOFF_BITS = 4 };
#define DELAY_UNITS_MAX ((UINT32_C(1) << DELAY_LEVELS) - 1)

/* Returns the number of units of a delay, rounded up, from 0 to DELAY_UNITS_MAX (388 days). */
uint32_t delay_units(int64_t delay_ms);
/*
 * Rounds a delay up to DELAY_BACKOFF_BITS significant bits, at most DELAY_UNITS_MAX. So it takes no
 * more than that many hops and comes less than 12.5 % later.
 */
uint32_t delay_round_backoff(uint32_t units);

struct delay_hop {
	int level; /* 0 .. DELAY_LEVELS-1; header warren-<level> */
	int next;  /* the next level, or -1 for "out" */
};
struct delay_route {
	struct delay_hop hops[DELAY_LEVELS]; /* hops[0].level is where to enter */
	size_t count;                        /* 0: no delay, publish to P.jobs */
};
/* Returns the way of a delay through the ring. */
struct delay_route delay_route(uint32_t units);
