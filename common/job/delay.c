/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/delay.h"

uint32_t delay_units(int64_t delay_ms)
{
	if (delay_ms <= 0)
		return 0;
	int64_t units = delay_ms / DELAY_UNIT_MS + (delay_ms % DELAY_UNIT_MS != 0);
	return units > DELAY_UNITS_MAX ? DELAY_UNITS_MAX : (uint32_t)units;
}

uint32_t delay_round_backoff(uint32_t units)
{
	if (units == 0)
		return 0;
	int bits = 32 - __builtin_clz(units);
	int drop = bits - DELAY_BACKOFF_BITS;
	if (drop <= 0)
		return units;
	uint64_t step = UINT64_C(1) << drop;
	uint64_t rounded = (units + step - 1) & ~(step - 1);
	/* The largest value of four significant bits; DELAY_UNITS_MAX itself would take 28 hops. */
	uint64_t top = UINT64_C(0xf) << (DELAY_LEVELS - DELAY_BACKOFF_BITS);
	return (uint32_t)(rounded > top ? top : rounded);
}

struct delay_route delay_route(uint32_t units)
{
	struct delay_route r = {.count = 0};
	if (units > DELAY_UNITS_MAX)
		units = DELAY_UNITS_MAX;
	for (int level = DELAY_LEVELS - 1; level >= 0; level--) {
		if (!(units >> level & 1))
			continue;
		if (r.count > 0)
			r.hops[r.count - 1].next = level;
		r.hops[r.count++] = (struct delay_hop){level, -1};
	}
	return r;
}
