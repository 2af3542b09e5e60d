/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/state/task.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#include "common/base/clock.h"
#include "common/base/memory.h"

enum { SPARE_MAX = 2048 /* tasks of 1 KiB each: a pack or two of the largest */ };

struct queue *task_queue(const struct task *t)
{
	return &t->worker->queues.all[t->delivery->consumer];
}

struct log_subject task_subject(const struct task *t)
{
	return (struct log_subject){task_queue(t)->settings->queue.name, t->in.job.id};
}

int64_t task_queued_ms(const struct task *t)
{
	const struct job *j = &t->in.job;
	int64_t since_ms = j->created_at_ms;
	if (since_ms == CLOCK_NEVER || t->in.book.attempt > 1 ||
	    t->attempt.started_at_ms == CLOCK_NEVER)
		return -1;
	if (j->not_before_ms != CLOCK_NEVER && j->not_before_ms > since_ms)
		since_ms = j->not_before_ms;
	return t->attempt.started_at_ms > since_ms ? t->attempt.started_at_ms - since_ms : 0;
}

/* ---- memory ---- */

#define AFTER_LINK_SIZE (sizeof(struct task) - offsetof(struct task, link) - sizeof(struct list))

static void *after_link(struct task *t)
{
	return &t->link + 1;
}

struct task *task_create(struct worker *w)
{
	struct task *t;
	if (list_empty(&w->tasks.spare)) {
		t = xcalloc(1, sizeof *t);
		uv_timer_init(&w->loop, &t->timer);
	} else {
		t = list_item(w->tasks.spare.next, struct task, link);
		list_remove(&t->link);
		w->tasks.spare_count--;
		ASAN_UNPOISON_MEMORY_REGION(after_link(t), AFTER_LINK_SIZE);
	}
	t->worker = w;
	list_init(&t->link);
	return t;
}

void task_discard(struct task *t)
{
	uv_timer_stop(&t->timer);
	list_append(&t->worker->tasks.ended, &t->link);
}

static void task_free(uv_handle_t *timer)
{
	free(list_item(timer, struct task, timer));
}

void task_recycle_discarded(struct worker *w)
{
	while (!list_empty(&w->tasks.ended)) {
		struct task *t = list_item(w->tasks.ended.next, struct task, link);
		list_remove(&t->link);
		delivery_drop(t->delivery);
		delivery_drop(t->origin);
		intake_finish(&t->in);
		free(t->box);
		if (w->tasks.spare_count < SPARE_MAX) {
			memset(after_link(t), 0, AFTER_LINK_SIZE);
			ASAN_POISON_MEMORY_REGION(
			    after_link(t), AFTER_LINK_SIZE); /* finds whoever still uses it */
			list_append(&w->tasks.spare, &t->link);
			w->tasks.spare_count++;
		} else {
			uv_close((uv_handle_t *)&t->timer, task_free);
		}
	}
}

/* ---- the lists ---- */

static void count(const struct task *t, int by)
{
	struct tasks *all = &t->worker->tasks;
	struct queue *q = task_queue(t);
	switch (t->state) {
	case TASK_WAITING:
		q->waiting += (unsigned)by;
		break;
	case TASK_RUNNING:
		q->running += (unsigned)by;
		all->running_count += (unsigned)by;
		break;
	case TASK_PUBLISHING:
		all->publishing_count += (unsigned)by;
		break;
	}
}

static struct list *list_of(struct tasks *all, enum task_state state)
{
	return state == TASK_WAITING   ? &all->waiting
	       : state == TASK_RUNNING ? &all->running
	                               : &all->publishing;
}

static void leave_list(struct task *t)
{
	if (!list_empty(&t->link))
		count(t, -1);
	list_remove(&t->link);
}

void task_move(struct task *t, enum task_state state)
{
	leave_list(t);
	t->state = state;
	list_append(list_of(&t->worker->tasks, state), &t->link);
	count(t, 1);
}

void task_wait(struct task *t)
{
	task_move(t, TASK_WAITING);
	t->worker->tasks.taken++;
}

void task_untake(struct task *t)
{
	t->worker->tasks.taken--;
}

void task_end(struct task *t, bool finished)
{
	struct redelivery *known = t->worker->tasks.known;
	leave_list(t);
	if (finished && t->packed && !t->nameless)
		redelivery_hold(known, t->key, t, &t->delivery->finished);
	else
		redelivery_done(known, t->key, t, finished && !t->nameless);
	task_discard(t);
}

static void end_all(struct list *tasks)
{
	while (!list_empty(tasks))
		task_end(list_item(tasks->next, struct task, link), false);
}

void task_settle(struct task *t, enum settle_verb verb)
{
	delivery_settle(t->delivery, t->worker->links.consuming.link, verb);
	/* A reject that is lost with its connection must be repeated, so it is not remembered. */
	task_end(t, verb == SETTLE_ACK);
}

void task_drop_all(struct worker *w)
{
	end_all(&w->tasks.waiting);
	end_all(&w->tasks.running);
	end_all(&w->tasks.publishing);
	task_recycle_discarded(w);
	while (!list_empty(&w->tasks.spare)) {
		struct task *t = list_item(w->tasks.spare.next, struct task, link);
		list_remove(&t->link);
		ASAN_UNPOISON_MEMORY_REGION(after_link(t), AFTER_LINK_SIZE);
		uv_close((uv_handle_t *)&t->timer, task_free);
	}
}

/* ---- looking at them ---- */

bool task_none_in_hand(const struct worker *w)
{
	return list_empty(&w->packs) && list_empty(&w->tasks.waiting) &&
	       list_empty(&w->tasks.running) && list_empty(&w->tasks.publishing);
}

static int64_t oldest_in(const struct worker *w, const struct list *tasks, int64_t now_ms)
{
	int64_t oldest = 0;
	for (const struct list *pos = tasks->next; pos != tasks; pos = pos->next) {
		const struct task *t = list_item(pos, struct task, link);
		bool held = t->delivery->generation == w->links.generation;
		if (held && now_ms - t->held_since_ms > oldest)
			oldest = now_ms - t->held_since_ms;
	}
	return oldest;
}

int64_t task_oldest_ms(const struct worker *w, int64_t now_ms)
{
	int64_t running = oldest_in(w, &w->tasks.running, now_ms);
	int64_t publishing = oldest_in(w, &w->tasks.publishing, now_ms);
	return running > publishing ? running : publishing;
}
