/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/flow/recognise.h"

#include "worker/journal/journal.h"

static void adopt(struct task *held, struct task *copy)
{
	struct worker *w = held->worker;
	/* Settles nothing: the link ignores the generation of a connection that is gone. */
	delivery_settle(held->delivery, w->links.consuming.link, SETTLE_ACK);
	delivery_drop(held->delivery);
	held->delivery = delivery_hold(copy->delivery);
	delivery_begin(held->delivery);
	held->held_since_ms = copy->held_since_ms;
	redelivery_moved(w->tasks.known, held->key, held, copy->delivery->generation);
	journal_tell(w, &(struct news){.kind = NEWS_STILL_IN_HAND, .task = held});
	task_discard(copy);
}

/* Returns true when copy is a job in hand or finished here, and deals with it then. */
static bool recognise_copy(struct task *copy)
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
		delivery_begin(copy->delivery);
		redelivery_add(w->tasks.known, copy->key, copy->delivery->generation, copy);
		task_settle(copy, SETTLE_ACK);
		return true;
	}
	return false;
}

bool recognise_or_note(struct task *t)
{
	if (t->delivery->redelivered && recognise_copy(t))
		return true;
	redelivery_add(t->worker->tasks.known, t->key, t->delivery->generation, t);
	return false;
}
