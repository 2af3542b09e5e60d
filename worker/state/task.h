/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One job in hand: from its delivery to its settlement.
 *
 *   (delivery) -> waiting -> running -> publishing -> settled
 *          \          \         \------- done ----------^
 *           \          \--requeued (drain, link lost)--^
 *            \--refused: expired, early, no handler ...--> publishing
 *
 * Whatever happens, the original is acknowledged only after the broker has confirmed the message
 * that replaces it.
 */
#pragma once

#include "common/base/log.h"
#include "worker/state/answer.h"
#include "worker/attempt/attempt.h"
#include "worker/state/delivery.h"
#include "worker/rules/fate.h"
#include "worker/rules/intake.h"
#include "worker/state/state.h"

enum task_state { TASK_WAITING, TASK_RUNNING, TASK_PUBLISHING };

struct task {
	uv_timer_t timer; /* running: the attempt's; publishing: until it is published again */
	struct list link; /* of one of the lists of struct tasks */
	/* Everything below is zero when a job gets the task, but for worker. */
	struct worker *worker;
	enum task_state state;
	struct delivery *delivery; /* held: is settled with the task */
	struct delivery *origin;   /* held: has the bytes that the task reads. Another one than
	                              delivery after the task went over to a copy */
	struct span document;      /* in origin: the body, or one of the documents of a pack */
	bool packed;
	struct intake in;
	uint64_t key;          /* redelivery.h */
	bool nameless;         /* another job may have the same key, because neither has an id */
	int64_t held_since_ms; /* monotonic: when delivery arrived */

	struct attempt attempt; /* its started_at_ms is CLOCK_NEVER when there was none */
	struct answer answer;   /* to a producer that waits */
	struct fate fate;
	char *box;                      /* of a dead job */
	struct publish_owner republish; /* of the message that carries the job on */
};

/* Returns a task for the caller to fill in. Only its worker and timer are set. */
struct task *task_create(struct worker *w);
/*
 * Gives back a task that is in none of the worker's lists and not known to it. Its memory stays
 * valid until the end of the loop's turn.
 */
void task_discard(struct task *t);
/* Makes the tasks that were discarded ready for jobs to come. Call it once per turn of the loop. */
void task_recycle_discarded(struct worker *w);

/* Frees every task, in whatever state it is, and settles none. The broker delivers their jobs
 * again. Call it at the end, after the handlers were stopped and before the loop is finished. */
void task_drop_all(struct worker *w);

/* Takes the task: it waits behind all others for a slot, and counts as taken. */
void task_wait(struct task *t);
/* Says that a waiting task is about to leave before it has run, so that it does not count as taken.
 */
void task_untake(struct task *t);
/* Moves the task to the end of the list that belongs to the state. */
void task_move(struct task *t, enum task_state state);
/* Settles the task's part of its delivery, and ends the task. */
void task_settle(struct task *t, enum settle_verb verb);
/*
 * Ends the task and settles nothing. A copy of a finished job that comes back is acknowledged
 * instead of run again. But a nameless job is run again: the copy may be another job that looks the
 * same, and running one twice is better than losing one.
 */
void task_end(struct task *t, bool finished);

/* Returns true when the worker holds no job, in whatever state. */
bool task_none_in_hand(const struct worker *w);
/*
 * Returns in ms how long the oldest delivery is held by a task that no longer waits, or 0 when
 * there is none. Deliveries of lost connections do not count, because the broker does not wait for
 * them.
 */
int64_t task_oldest_ms(const struct worker *w, int64_t now_ms);

/* Returns the queue that the task came from. */
struct queue *task_queue(const struct task *t);
/* Returns what lines of the log about the task begin with. */
struct log_subject task_subject(const struct task *t);
/* Returns how long the task's first attempt had to wait from when it might have started, or -1. */
int64_t task_queued_ms(const struct task *t);
