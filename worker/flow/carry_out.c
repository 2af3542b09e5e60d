/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/flow/carry_out.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/job/pack.h"
#include "worker/journal/journal.h"
#include "worker/state/publish.h"
#include "worker/state/queue.h"
#include "worker/rules/republish.h"

enum {
	/* The pause after the broker has refused a republish three times over fresh connections. */
	AGAIN_MS = 5000,
};

/* Consuming stops while more republishes than slots wait, and goes on at half of that. */
static void update_throttle(struct worker *w)
{
	unsigned count = w->tasks.publishing_count;
	bool throttled = w->throttled ? count > w->slots / 2 : count > w->slots;
	if (throttled == w->throttled)
		return;
	w->throttled = throttled;
	if (!queue_may_take(w))
		return; /* what was taken is given back, and that drains by itself */
	if (throttled)
		log_warn(LOG_SELF,
		         "%u retries and dead letters wait for a confirm; no new jobs are taken",
		         count);
	else
		log_info(LOG_SELF, "enough confirms have come; jobs are taken again");
	queue_update_all(w);
}

static void settle(struct task *t, enum settle_verb verb)
{
	struct worker *w = t->worker;
	task_settle(t, verb);
	update_throttle(w);
}

/* Has the broker dead-letter the original, which needs no publish. */
static void reject(struct task *t, const char *why)
{
	journal_tell(t->worker, &(struct news){.kind = NEWS_REJECTED, .task = t, .words = why});
	settle(t, SETTLE_REJECT);
}

static void publish(struct task *t);

static void publish_again(uv_timer_t *timer)
{
	publish(list_item(timer, struct task, timer));
}

static void on_published(struct worker *w, struct publish_owner *owner, const struct link_event *e)
{
	struct task *t = list_item(owner, struct task, republish);
	if (e->kind == LINK_UNFIT) {
		cleanup_free char *why =
		    xprintf("the broker takes no such message (%s)", e->error->text);
		reject(t, why);
	} else if (e->kind == LINK_CONFIRMED) {
		journal_tell(w, &(struct news){.kind = NEWS_REPUBLISHED, .task = t});
		settle(t, SETTLE_ACK);
	} else {
		const char *why = e->error ? e->error->text : "refused";
		journal_tell(
		    w, &(struct news){
		           .kind = NEWS_REPUBLISH_FAILED, .task = t, .words = why, .ms = AGAIN_MS});
		uv_timer_start(&t->timer, publish_again, AGAIN_MS, 0);
	}
}

static bool make_republish(const struct task *t, struct outbound *o)
{
	const struct worker *w = t->worker;
	struct message *alone = t->packed ? pack_member(t->origin->message, t->document) : NULL;
	const struct outbound_source source = {
	    .original = alone ? alone : t->origin->message,
	    .book = &t->in.book,
	    .prefix = w->settings->connection.prefix,
	    .queue = task_queue(t)->settings->queue.name,
	    .id = t->in.job.id,
	    .type = t->in.job.type,
	    .room = w->links.room,
	};
	bool fits = republish_make(o, &source, &t->fate, t->box);
	message_destroy(alone);
	return fits;
}

static void publish(struct task *t)
{
	struct worker *w = t->worker;
	struct outbound o;
	if (make_republish(t, &o)) {
		t->republish.ended = on_published;
		publish_start(w, &t->republish, &o, 0);
		return;
	}
	char why[80];
	snprintf(why, sizeof why, "headers that others added are larger than %zu bytes",
	         w->links.room.foreign);
	reject(t, why);
}

void carry_out_fate(struct task *t)
{
	struct worker *w = t->worker;
	if (t->fate.kind == FATE_DONE) {
		task_settle(t, SETTLE_ACK);
		return;
	}
	task_move(t, TASK_PUBLISHING);
	delivery_begin(t->delivery);
	update_throttle(w);
	publish(t);
}
