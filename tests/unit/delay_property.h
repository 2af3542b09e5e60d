/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The property of every delay. The hops sum to it, each one is linked to the next lower one, and
 * rounding is upwards.
 */
#pragma once

#include <stdbool.h>

#include "common/job/delay.h"

/*
 * Returns true if the hops, followed as the broker would, hold a message back for units altogether.
 */
static inline bool delay_route_sums_to(const struct delay_route *r, uint32_t units)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < r->count; i++) {
		int expected = i + 1 < r->count ? r->hops[i + 1].level : -1;
		if (r->hops[i].next != expected || r->hops[i].level <= expected)
			return false;
		sum += UINT64_C(1) << r->hops[i].level;
	}
	return sum == units && (r->count == 0 || r->hops[0].level < DELAY_LEVELS);
}

/* Returns true if the route of units and its rounding are right. */
static inline bool delay_is_right(uint32_t units)
{
	const uint32_t top = UINT32_C(0xf) << (DELAY_LEVELS - DELAY_BACKOFF_BITS);
	struct delay_route exact = delay_route(units);
	if (!delay_route_sums_to(&exact, units))
		return false;
	uint32_t rounded = delay_round_backoff(units);
	if (__builtin_popcount(rounded) > DELAY_BACKOFF_BITS)
		return false;
	return units > top ? rounded == top
	                   : rounded >= units && (rounded - units) * UINT64_C(8) <= units;
}
