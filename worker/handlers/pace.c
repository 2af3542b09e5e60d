/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/pace.h"

#include <limits.h>

enum {
	AVERAGE_OVER = 16, /* jobs */
	SHORT_NS = 100000, /* a longer job is worth a wake-up of its own */
	REST_NS = 1500000, /* a timer of one millisecond may take so long */
	ROOM_BYTES =
	    16 * 1024, /* a quarter of a pipe, which small pieces do not fill to its last byte */
	AHEAD_NS = PACE_AHEAD_MS * 1000000,
};

static uint64_t average(uint64_t old, uint64_t fresh, unsigned weight)
{
	return old == 0 ? fresh : (old * (AVERAGE_OVER - weight) + fresh * weight) / AVERAGE_OVER;
}

void pace_heard(struct pace *p, unsigned replies, size_t bytes, uint64_t took_ns)
{
	if (replies == 0)
		return;
	unsigned weight = replies < AVERAGE_OVER ? replies : AVERAGE_OVER;
	p->job_ns = average(p->job_ns, took_ns / replies + 1, weight); /* never 0 again */
	p->reply_bytes = average(p->reply_bytes, bytes / replies + 1, weight);
}

unsigned pace_jobs_ahead(const struct pace *p)
{
	uint64_t jobs = p->job_ns > 0 ? AHEAD_NS / p->job_ns : 0;
	return jobs < 1 ? 1 : jobs < UINT_MAX ? (unsigned)jobs : UINT_MAX;
}

bool pace_may_delay(const struct pace *p, unsigned in_flight)
{
	if (p->job_ns == 0 || p->job_ns >= SHORT_NS || p->job_ns * in_flight < REST_NS)
		return false;
	return REST_NS / p->job_ns * p->reply_bytes <= ROOM_BYTES;
}
