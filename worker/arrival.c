/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/arrival.h"

#include <stdlib.h>

#include "common/job/headers.h"
#include "common/base/memory.h"
#include "common/job/pack.h"
#include "worker/journal.h"
#include "worker/queue.h"
#include "worker/task_internal.h"

static const struct queue_settings *queue_of(const struct worker *w, const struct delivery *d)
{
	return &w->queues.all[d->consumer].settings->queue;
}

static const struct admission *admission_of(const struct worker *w, const struct delivery *d)
{
	return &w->queues.all[d->consumer].admission;
}

/* ---- a task ---- */

/* Its intake is the caller's to fill in before it is identified. */
static struct task *create(struct worker *w, struct delivery *d, struct span document)
{
	struct task *t = task_create(w);
	t->state = TASK_WAITING;
	t->attempt.started_at_ms = CLOCK_NEVER;
	t->held_since_ms = d->arrived_ms;
	t->delivery = delivery_hold(d);
	t->origin = delivery_hold(d);
	t->document = document;
	return t;
}

/* A job of a pack that has no id of its own is told by the pack's from one in another pack. */
static void identify(struct task *t)
{
	const struct headers_signature none = {0};
	const struct message *m = t->delivery->message;
	bool by_pack = t->packed && t->in.anonymous && m->message_id;
	t->nameless = t->in.anonymous && !by_pack;
	t->key = redelivery_key(t->delivery->consumer, by_pack ? m->message_id : t->in.job.id,
	                        &t->in.book, t->packed ? none : headers_signature(m), t->document);
}

static struct task *create_alone(struct worker *w, struct delivery *d)
{
	struct task *t = create(w, d, message_body(d->message));
	intake_read(&t->in, d->message, queue_of(w, d), admission_of(w, d),
	            (size_t)w->settings->connection.max_body);
	identify(t);
	t->answer = answer_begin(w, d->message, t->in.job.id);
	return t;
}

static struct task *create_packed(struct worker *w, struct delivery *d, struct span document)
{
	struct task *t = create(w, d, document);
	t->packed = true;
	intake_read_packed(&t->in, d->message, document, queue_of(w, d), admission_of(w, d),
	                   (size_t)w->settings->connection.max_body);
	identify(t);
	return t;
}

/* ---- a copy of a job that is known here ---- */

static void adopt(struct task *held, struct task *copy)
{
	struct worker *w = held->worker;
	delivery_settle(held->delivery, w->links.consuming.link,
	                SETTLE_ACK); /* of a generation that is gone: nobody hears it */
	delivery_drop(held->delivery);
	held->delivery = delivery_hold(copy->delivery);
	held->delivery->begun = true;
	held->held_since_ms = copy->held_since_ms;
	redelivery_moved(w->tasks.known, held->key, held, copy->delivery->generation);
	journal_tell(w, &(struct news){.kind = NEWS_STILL_IN_HAND, .task = held});
	task_discard(copy);
}

/* True: the copy is dealt with. */
static bool recognise(struct task *copy)
{
	struct worker *w = copy->worker;
	void *held = NULL;
	switch (redelivery_find(w->tasks.known, copy->key, copy->delivery->generation, &held)) {
	case REDELIVERY_NEW:
		return false;
	case REDELIVERY_IN_HAND:
		adopt(held, copy);
		return true;
	case REDELIVERY_FINISHED:
		journal_tell(w, &(struct news){.kind = NEWS_DONE_BEFORE, .task = copy});
		copy->delivery->begun = true;
		redelivery_add(w->tasks.known, copy->key, copy->delivery->generation, copy);
		task_settle(copy, SETTLE_ACK);
		return true;
	}
	return false;
}

/* ---- giving back ---- */

static bool can_publish(const struct worker *w)
{
	return w->links.publishing.up && !w->links.publishing_blocked;
}

/* Could it leave its pack? */
static bool fits(const struct task *t)
{
	return headers_foreign_size(t->origin->message) <= t->worker->links.room.foreign;
}

static void go_back(struct task *t)
{
	t->fate = fate_of_give_back(&t->in.book);
	task_follow_fate(t);
}

static void give_back(struct task *t)
{
	struct worker *w = t->worker;
	bool unread = t->in.unfit && !t->packed, leaves = t->packed && t->delivery->begun;
	journal_tell(w, &(struct news){.kind = NEWS_GIVEN_BACK, .task = t});
	if (unread || !can_publish(w) || (t->packed && !fits(t)))
		task_settle(t, SETTLE_REQUEUE);
	else if (t->in.delivery_count >= DELIVERY_COUNT_SUSPECT)
		task_refuse(t, REFUSE_INTERRUPTED);
	else if (leaves || t->in.delivery_count + 1 == DELIVERY_COUNT_SUSPECT)
		go_back(t);
	else
		task_settle(t, SETTLE_REQUEUE);
}

/* ---- deliveries ---- */

static void take(struct task *t)
{
	struct worker *w = t->worker;
	if (t->delivery->redelivered && recognise(t))
		return;
	redelivery_add(w->tasks.known, t->key, t->delivery->generation, t);
	if (!queue_may_take(w)) {
		give_back(t);
		return;
	}
	task_wait(t);
	journal_tell(w, &(struct news){.kind = NEWS_TAKEN, .task = t});
	if (!queue_wants_more(w))
		queue_update_all(w);
}

/* As one job that will never run. */
static void accept_unopened(struct worker *w, struct delivery *d, const char *reason,
                            const char *detail)
{
	struct task *t = create(w, d, message_body(d->message));
	intake_refuse_whole(&t->in, d->message, queue_of(w, d), reason, detail);
	identify(t);
	delivery_contains(d, 1, w->tasks.known);
	take(t);
}

static void accept_members(struct worker *w, struct delivery *d, const struct span *documents,
                           size_t count)
{
	delivery_contains(d, count, w->tasks.known);
	if (w->limits.jobs > 0 && w->tasks.taken + count > w->limits.jobs)
		d->begun = true; /* some stay, the others leave it */
	for (size_t i = 0; i < count; i++)
		take(create_packed(w, d, documents[i]));
}

static void open_pack(struct worker *w, struct delivery *d)
{
	const struct admission *a = admission_of(w, d);
	struct span documents[PACK_JOBS_MAX];
	struct codec_error err;
	size_t count;
	list_remove(&d->link);
	if (a->signers.count > 0 && a->require_signed) {
		accept_unopened(
		    w, d, "unsigned",
		    "the jobs of a pack carry no signatures, and this queue wants them");
	} else if (pack_split(message_body(d->message), (size_t)w->settings->connection.max_body,
	                      documents, &count, &err)) {
		accept_members(w, d, documents, count);
	} else {
		cleanup_free char *detail = xprintf("byte %zu: %s", err.offset, err.reason);
		accept_unopened(w, d, "malformed", detail);
	}
	delivery_drop(d);
}

/* Job by job when the broker would count it against the whole, else as it came. */
static void give_back_pack(struct worker *w, struct delivery *d)
{
	if (can_publish(w) && headers_delivery_count(d->message) + 1 >= DELIVERY_COUNT_SUSPECT) {
		open_pack(w, d);
		return;
	}
	journal_tell(w, &(struct news){.kind = NEWS_GIVEN_BACK});
	list_remove(&d->link);
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

void arrival_accept(struct worker *w, struct link_event *e)
{
	struct delivery *d = delivery_take(e);
	if (pack_is(d->message) && !queue_of(w, d)->raw) {
		list_append(&w->packs, &d->link);
		if (!queue_may_take(w))
			give_back_pack(w, d);
		return;
	}
	delivery_contains(d, 1, w->tasks.known);
	take(create_alone(w, d));
	delivery_drop(d);
}

/* As much as may be jobs of its queue at once, so that no queue takes another's share. */
static bool has_room(const struct worker *w, const struct delivery *d)
{
	const struct queue *q = &w->queues.all[d->consumer];
	return q->waiting < q->prefetch && !queue_rests(w, d->consumer);
}

/* Those beyond --count have to be sent back one by one. */
static bool may_open(const struct worker *w)
{
	bool all = w->limits.jobs == 0 || w->limits.jobs - w->tasks.taken >= PACK_JOBS_MAX;
	return !w->throttled && (all || can_publish(w));
}

void arrival_open_packs(struct worker *w)
{
	struct list *pos, *next;
	list_for_each (pos, next, &w->packs) {
		struct delivery *d = list_item(pos, struct delivery, link);
		if (!queue_may_take(w))
			give_back_pack(w, d);
		else if (may_open(w) && has_room(w, d))
			open_pack(w, d);
	}
}

void arrival_give_back_all(struct worker *w)
{
	give_back_packs(w, INT64_MAX);
	while (!list_empty(&w->tasks.waiting)) {
		struct task *t = list_item(w->tasks.waiting.next, struct task, link);
		task_untake(t);
		give_back(t);
	}
}

void arrival_give_back_overdue(struct worker *w, int64_t held_before_ms)
{
	struct list *pos, *next;
	give_back_packs(w, held_before_ms);
	list_for_each (pos, next, &w->tasks.waiting) {
		struct task *t = list_item(pos, struct task, link);
		if (t->held_since_ms >= held_before_ms)
			continue;
		journal_tell(w, &(struct news){.kind = NEWS_OVERDUE_WAITING, .task = t});
		task_untake(t);
		give_back(t);
	}
}

void arrival_forget(struct worker *w)
{
	while (!list_empty(&w->packs)) {
		struct delivery *d = list_item(w->packs.next, struct delivery, link);
		list_remove(&d->link);
		delivery_drop(d);
	}
	while (!list_empty(&w->tasks.waiting)) {
		struct task *t = list_item(w->tasks.waiting.next, struct task, link);
		task_untake(t);
		task_end(t, false);
	}
}
