/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/queue.h"

#include "common/base/clock.h"
#include "common/base/log.h"

/* More never arrives at once than the broker's own cap for quorum queues (2000). */
enum { PREFETCH_MAX = 2000, PAUSED_MAX = 3 };

void queue_share_slots(const struct worker_settings *s, unsigned slots, uint16_t *prefetch)
{
	uint64_t weights = 0;
	for (size_t i = 0; i < s->queue_count; i++)
		weights += s->queues[i].queue.weight;
	for (size_t i = 0; i < s->queue_count; i++) {
		uint64_t share =
		    weights ? ((uint64_t)slots * s->queues[i].queue.weight + weights / 2) / weights
		            : slots;
		prefetch[i] = (uint16_t)(share < 1              ? 1
		                         : share > PREFETCH_MAX ? PREFETCH_MAX
		                                                : share);
	}
}

bool queue_wants_more(const struct worker *w)
{
	return w->limits.jobs == 0 || w->tasks.taken < w->limits.jobs;
}

static uint16_t prefetch_now(const struct worker *w, const struct queue *q)
{
	if (w->limits.jobs > 0 && w->limits.jobs < q->prefetch)
		return (uint16_t)w->limits.jobs;
	return q->prefetch;
}

bool queue_may_take(const struct worker *w)
{
	return w->phase.now == WORKER_RUNNING && !w->phase.paused && queue_wants_more(w);
}

bool queue_rests(const struct worker *w, unsigned consumer)
{
	int64_t until_ms = w->queues.all[consumer].rests_until_ms;
	return until_ms > 0 && clock_monotonic_ms() < until_ms;
}

void queue_update_all(struct worker *w)
{
	bool want = queue_may_take(w) && !w->throttled && !w->burst.sounding;
	int64_t now_ms = clock_monotonic_ms();
	for (unsigned i = 0; i < w->queues.count; i++) {
		struct queue *q = &w->queues.all[i];
		bool rests = now_ms < q->rests_until_ms;
		if (want && !rests && !q->active && !q->cancelling) {
			q->active = true;
			link_consume(w->links.consuming.link, i, q->amqp_name, prefetch_now(w, q));
		} else if ((!want || rests) && q->active) {
			q->active = false;
			q->cancelling = true;
			link_cancel(w->links.consuming.link, i);
		}
	}
}

void queue_found_paused(struct worker *w, unsigned consumer, int64_t until_ms)
{
	struct queue *q = &w->queues.all[consumer];
	if (++q->paused_in_a_row < PAUSED_MAX || q->rests_until_ms >= until_ms)
		return;
	q->rests_until_ms = until_ms;
	log_warn(LOG_SELF, "queue '%s' rests until the handler of its jobs may be tried again",
	         q->settings->queue.name);
	queue_update_all(w);
}

void queue_job_began(struct worker *w, unsigned consumer)
{
	w->queues.all[consumer].paused_in_a_row = 0;
}

void queue_cancelled(struct worker *w, unsigned consumer)
{
	if (consumer >= w->queues.count)
		return;
	w->queues.all[consumer].cancelling = false;
	queue_update_all(w);
}

bool queue_all_idle(const struct worker *w)
{
	for (unsigned i = 0; i < w->queues.count; i++)
		if (w->queues.all[i].active || w->queues.all[i].cancelling)
			return false;
	return true;
}
