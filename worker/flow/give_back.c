/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/flow/give_back.h"

#include "common/job/headers.h"
#include "worker/flow/carry_out.h"
#include "worker/journal/journal.h"
#include "worker/flow/reading.h"
#include "worker/flow/recognise.h"
#include "worker/flow/refuse.h"

bool give_back_can_publish(const struct worker *w)
{
	return w->links.publishing.up && !w->links.publishing_blocked;
}

/* Returns true if the job may leave its pack, as a message of its own. */
static bool fits(const struct task *t)
{
	return headers_foreign_size(t->origin->message) <= t->worker->links.room.foreign;
}

static void tell(struct task *t, const char *why)
{
	journal_tell(t->worker, &(struct news){.kind = NEWS_GIVEN_BACK, .task = t, .words = why});
}

static void requeue(struct task *t, const char *why)
{
	tell(t, why);
	task_settle(t, SETTLE_REQUEUE);
}

static void go_back(struct task *t, const char *why)
{
	t->fate = fate_of_give_back(&t->in.book);
	tell(t, why);
	carry_out_fate(t);
}

void give_back_task(struct task *t, const char *why)
{
	struct worker *w = t->worker;
	bool unread = t->in.unfit && !t->packed, leaves = t->packed && t->delivery->begun;
	if (unread || !give_back_can_publish(w) || (t->packed && !fits(t)))
		requeue(t, why);
	else if (t->in.delivery_count >= DELIVERY_COUNT_SUSPECT)
		refuse_for(t, REFUSE_INTERRUPTED);
	else if (leaves || t->in.delivery_count + 1 == DELIVERY_COUNT_SUSPECT)
		go_back(t, why);
	else
		requeue(t, why);
}

/* ---- packs ---- */

static void give_back_member(struct task *t)
{
	if (!recognise_or_note(t))
		give_back_task(t, NULL);
}

void give_back_pack(struct worker *w, struct delivery *d)
{
	unsigned count = headers_delivery_count(d->message);
	if (give_back_can_publish(w) && count + 1 >= DELIVERY_COUNT_SUSPECT) {
		reading_open_pack(w, d, give_back_member);
		return;
	}
	journal_tell(w, &(struct news){.kind = NEWS_GIVEN_BACK});
	reading_let_pack_go(d);
	delivery_contains(d, 1, w->tasks.known);
	delivery_settle(d, w->links.consuming.link, SETTLE_REQUEUE);
	delivery_drop(d);
}

static void give_back_packs(struct worker *w, int64_t held_before_ms)
{
	struct list *pos, *next;
	list_for_each (pos, next, &w->packs) {
		struct delivery *d = list_item(pos, struct delivery, link);
		if (d->arrived_ms < held_before_ms)
			give_back_pack(w, d);
	}
}

/* ---- all that waits ---- */

void give_back_all(struct worker *w)
{
	give_back_packs(w, INT64_MAX);
	while (!list_empty(&w->tasks.waiting)) {
		struct task *t = list_item(w->tasks.waiting.next, struct task, link);
		task_untake(t);
		give_back_task(t, NULL);
	}
}

void give_back_overdue(struct worker *w, int64_t held_before_ms)
{
	struct list *pos, *next;
	give_back_packs(w, held_before_ms);
	list_for_each (pos, next, &w->tasks.waiting) {
		struct task *t = list_item(pos, struct task, link);
		if (t->held_since_ms >= held_before_ms)
			continue;
		task_untake(t);
		give_back_task(t, "no handler was free for too long");
	}
}
