/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/pace.h"

enum {
	AVERAGE_OVER = 8,          /* reads */
	SHORT_NS = 100000,         /* replies that come more seldom are worth a wake-up each */
	ENOUGH_TO_DO_NS = 1500000, /* a timer of one millisecond takes up to that */
};

void pace_heard(struct pace *p, unsigned replies, uint64_t now_ns)
{
	if (replies == 0)
		return;
	uint64_t gap_ns = (now_ns - p->heard_ns) / replies;
	if (p->heard_ns > 0)
		p->gap_ns = p->gap_ns > 0 ? (p->gap_ns * (AVERAGE_OVER - 1) + gap_ns) / AVERAGE_OVER : gap_ns;
	p->heard_ns = now_ns;
}

bool pace_may_rest(const struct pace *p, unsigned in_flight)
{
	return p->gap_ns > 0 && p->gap_ns < SHORT_NS && p->gap_ns * in_flight >= ENOUGH_TO_DO_NS;
}
