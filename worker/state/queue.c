/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/state/queue.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/job/topology.h"

/* The broker has at most 2000 deliveries of a quorum queue under way to a consumer. */
enum { PREFETCH_MAX = 2000, PAUSED_MAX = 3 };

/* ---- start and end ---- */

static void share_slots(const struct worker_settings *s, unsigned slots, uint16_t *prefetch)
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

void queue_make_all(struct worker *w)
{
	const struct worker_settings *s = w->settings;
	char name[TOPOLOGY_NAME_MAX];
	w->queues.count = (unsigned)s->queue_count;
	w->queues.all = xcalloc(s->queue_count, sizeof *w->queues.all);
	cleanup_free uint16_t *prefetch = xcalloc(s->queue_count, sizeof *prefetch);
	share_slots(s, w->slots, prefetch);
	for (size_t i = 0; i < s->queue_count; i++)
		w->queues.all[i] = (struct queue){
		    .settings = &s->queues[i],
		    .amqp_name = xstrdup(
		        topology_queue(s->connection.prefix, s->queues[i].queue.name, name)),
		    .prefetch = prefetch[i],
		};
}

int queue_load_keys(struct worker *w, struct error *err)
{
	for (unsigned i = 0; i < w->queues.count; i++)
		if (admission_load(&w->queues.all[i].admission, w->queues.all[i].settings,
		                   w->settings->connection.prefix, err) < 0)
			return -1;
	return 0;
}

void queue_finish_all(struct worker *w)
{
	for (unsigned i = 0; i < w->queues.count; i++) {
		free(w->queues.all[i].amqp_name);
		admission_finish(&w->queues.all[i].admission);
	}
	free_pointer(&w->queues.all);
}

/* ---- consuming ---- */

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

bool queue_rests(const struct queue *q)
{
	return q->rests_until_ms > 0 && clock_monotonic_ms() < q->rests_until_ms;
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

void queue_found_paused(struct worker *w, struct queue *q, int64_t until_ms)
{
	if (++q->paused_in_a_row < PAUSED_MAX || q->rests_until_ms >= until_ms)
		return;
	q->rests_until_ms = until_ms;
	int64_t rest_ms = until_ms - clock_monotonic_ms();
	log_warn(LOG_SELF, "queue '%s' is not consumed for %lld s, because its handler is paused",
	         q->settings->queue.name, (long long)(rest_ms + 999) / 1000);
	queue_update_all(w);
}

void queue_job_began(struct queue *q)
{
	q->paused_in_a_row = 0;
}

void queue_cancelled(struct worker *w, struct queue *q)
{
	q->cancelling = false;
	queue_update_all(w);
}

void queue_connection_lost(struct worker *w)
{
	for (unsigned i = 0; i < w->queues.count; i++)
		w->queues.all[i].cancelling = false;
	queue_update_all(w);
}

bool queue_all_idle(const struct worker *w)
{
	for (unsigned i = 0; i < w->queues.count; i++)
		if (w->queues.all[i].active || w->queues.all[i].cancelling)
			return false;
	return true;
}

/* ---- what the broker says ---- */

void queue_started(struct queue *q)
{
	q->was_active = true;
	if (complaint_over(&q->complaint))
		log_info(LOG_SELF, "queue '%s' is consumed again", q->settings->queue.name);
}

void queue_refused(struct queue *q, const struct link_event *e)
{
	char again[COMPLAINT_TEXT_SIZE];
	if (!complaint_due(&q->complaint, e->error->text, clock_monotonic_ms(), again))
		return;
	bool missing = e->error->cause == CAUSE_NO_QUEUE;
	log_error(LOG_SELF, "queue '%s' is not consumed, and the worker keeps trying: %s%s%s%s",
	          q->settings->queue.name, e->error->text,
	          missing ? "; create it again with: warren-producer setup " : "",
	          missing ? q->settings->queue.name : "", again);
}
