/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/consumption.h"

#include "common/base/clock.h"
#include "common/base/log.h"

/* More never arrives at once than the broker's own cap for quorum queues (2000). */
enum { PREFETCH_MAX = 2000, REFUSED_MAX = 3 };

void consumption_share(const struct settings *s, unsigned slots, uint16_t *prefetch)
{
	uint64_t weights = 0;
	for (size_t i = 0; i < s->queue_count; i++)
		weights += s->queues[i].weight;
	for (size_t i = 0; i < s->queue_count; i++) {
		uint64_t share =
		    weights ? ((uint64_t)slots * s->queues[i].weight + weights / 2) / weights
		            : slots;
		prefetch[i] = (uint16_t)(share < 1              ? 1
		                         : share > PREFETCH_MAX ? PREFETCH_MAX
		                                                : share);
	}
}

bool consumption_wants_more(const struct worker *w)
{
	return w->limits.jobs == 0 || w->stats.taken < w->limits.jobs;
}

static uint16_t prefetch_now(const struct worker *w, const struct consumer *c)
{
	if (w->limits.jobs > 0 && w->limits.jobs < c->prefetch)
		return (uint16_t)w->limits.jobs;
	return c->prefetch;
}

bool consumption_wanted(const struct worker *w)
{
	return w->phase == WORKER_RUNNING && !w->paused && consumption_wants_more(w);
}

bool consumption_rests(const struct worker *w, unsigned consumer)
{
	int64_t until_ms = w->consumers[consumer].rests_until_ms;
	return until_ms > 0 && clock_monotonic_ms() < until_ms;
}

void consumption_update(struct worker *w)
{
	bool want = consumption_wanted(w) && !w->throttled && !w->sounding;
	int64_t now_ms = clock_monotonic_ms();
	for (unsigned i = 0; i < w->consumer_count; i++) {
		struct consumer *c = &w->consumers[i];
		bool rests = now_ms < c->rests_until_ms;
		if (want && !rests && !c->consuming && !c->cancelling) {
			c->consuming = true;
			link_consume(w->consuming, i, c->queue, prefetch_now(w, c));
		} else if ((!want || rests) && c->consuming) {
			c->consuming = false;
			c->cancelling = true;
			link_cancel(w->consuming, i);
		}
	}
}

void consumption_refused(struct worker *w, unsigned consumer, int64_t until_ms)
{
	struct consumer *c = &w->consumers[consumer];
	if (++c->refused < REFUSED_MAX || c->rests_until_ms >= until_ms)
		return;
	c->rests_until_ms = until_ms;
	log_warn(LOG_SELF, "queue '%s' rests until the handler of its jobs may be tried again",
	         c->settings->name);
	consumption_update(w);
}

void consumption_started(struct worker *w, unsigned consumer)
{
	w->consumers[consumer].refused = 0;
}

void consumption_cancelled(struct worker *w, unsigned consumer)
{
	if (consumer >= w->consumer_count)
		return;
	w->consumers[consumer].cancelling = false;
	consumption_update(w);
}

bool consumption_idle(const struct worker *w)
{
	for (unsigned i = 0; i < w->consumer_count; i++)
		if (w->consumers[i].consuming || w->consumers[i].cancelling)
			return false;
	return true;
}
