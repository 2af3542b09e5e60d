/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/flow/arrival.h"

#include "common/job/pack.h"
#include "worker/flow/give_back.h"
#include "worker/journal/journal.h"
#include "worker/state/queue.h"
#include "worker/flow/reading.h"
#include "worker/flow/recognise.h"

static void take(struct task *t)
{
	struct worker *w = t->worker;
	if (recognise_or_note(t))
		return;
	if (!queue_may_take(w)) {
		give_back_task(t, NULL);
		return;
	}
	task_wait(t);
	journal_tell(w, &(struct news){.kind = NEWS_TAKEN, .task = t});
	if (!queue_wants_more(w))
		queue_update_all(w);
}

void arrival_accept(struct worker *w, struct link_event *e)
{
	struct delivery *d = delivery_take(e);
	if (pack_is(d->message) && !w->queues.all[d->consumer].settings->queue.raw) {
		reading_keep_pack(w, d);
		if (!queue_may_take(w))
			give_back_pack(w, d);
		return;
	}
	delivery_contains(d, 1, w->tasks.known);
	take(reading_job(w, d));
	delivery_drop(d);
}

/* No more jobs of a queue wait than may run at once, so that no queue takes another's share. */
static bool queue_wants_jobs(const struct worker *w, const struct delivery *d)
{
	const struct queue *q = &w->queues.all[d->consumer];
	return q->waiting < q->prefetch && !queue_rests(q);
}

/* The jobs beyond --count have to be published again, one by one. */
static bool may_open(const struct worker *w)
{
	bool all = w->limits.jobs == 0 || w->limits.jobs - w->tasks.taken >= PACK_JOBS_MAX;
	return !w->throttled && (all || give_back_can_publish(w));
}

void arrival_open_packs(struct worker *w)
{
	struct list *pos, *next;
	list_for_each (pos, next, &w->packs) {
		struct delivery *d = list_item(pos, struct delivery, link);
		if (!queue_may_take(w))
			give_back_pack(w, d);
		else if (may_open(w) && queue_wants_jobs(w, d))
			reading_open_pack(w, d, take);
	}
}

/* Tells that the worker forgets a task, or without a task that it forgets an unopened pack. */
static void tell_forgotten(struct worker *w, struct task *t)
{
	journal_tell(w, &(struct news){.kind = NEWS_FORGOTTEN, .task = t});
}

void arrival_forget(struct worker *w)
{
	while (!list_empty(&w->packs)) {
		struct delivery *d = list_item(w->packs.next, struct delivery, link);
		reading_let_pack_go(d);
		delivery_drop(d);
		tell_forgotten(w, NULL);
	}
	while (!list_empty(&w->tasks.waiting)) {
		struct task *t = list_item(w->tasks.waiting.next, struct task, link);
		tell_forgotten(w, t);
		task_untake(t);
		task_end(t, false);
	}
}

static void tell_all_forgotten(struct worker *w, const struct list *tasks)
{
	for (struct list *pos = tasks->next; pos != tasks; pos = pos->next)
		tell_forgotten(w, list_item(pos, struct task, link));
}

void arrival_forget_all(struct worker *w)
{
	arrival_forget(w);
	tell_all_forgotten(w, &w->tasks.running);
	tell_all_forgotten(w, &w->tasks.publishing);
	task_drop_all(w);
}
