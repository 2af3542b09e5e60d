/* SPDX-License-Identifier: Apache-2.0 */
/* What task.c and arrival.c share: the one takes a job through its states, the other brings it and
 * knows it again. */
#pragma once

#include "worker/answer.h"
#include "worker/attempt.h"
#include "worker/rules/intake.h"
#include "worker/delivery.h"
#include "worker/task.h"

enum task_state { TASK_WAITING, TASK_RUNNING, TASK_PUBLISHING };

struct task {
	uv_timer_t
	    timer; /* running: deadline, then grace; publishing: the next try after a refusal */
	struct list
	    link; /* worker::waiting, running, publishing_tasks, ended_tasks or spare_tasks */
	/* All below is blank when a job gets it. */
	struct worker *worker;
	enum task_state state;
	struct delivery *delivery; /* held: to settle */
	struct delivery
	    *origin; /* held: whose bytes it reads; another than delivery when that was adopted */
	struct span document; /* of it: the body, or one of a pack */
	bool packed;
	struct intake in;
	uint64_t key;          /* redelivery.h */
	bool nameless;         /* another job may have the same key, for nobody gave them ids */
	int64_t held_since_ms; /* monotonic: when this delivery (or the copy it adopted) arrived */

	struct attempt attempt; /* its started_at_ms is CLOCK_NEVER when there was none */

	struct answer answer; /* to a producer that waits */
	struct fate fate;
	struct publish_owner republish; /* of the message that carries the job on */
	char *box;                      /* of a dead one */
};

const struct queue_settings *task_queue(const struct task *t);
struct log_subject task_subject(const struct task *t);

/* Returns how long the task's first attempt had to wait from when it might have started, or -1. */
int64_t task_queued_ms(const struct task *t);
/* Takes the task: it waits behind all others for a slot, and counts as taken. */
void task_wait(struct task *t);
/* Says that a waiting task is about to leave before it has run, so that it does not count as taken.
 */
void task_untake(struct task *t);
/* Sends it on its way: done, or its fate's republish. */
void task_follow_fate(struct task *t);
/* Instead of a try: to the ring, or to the dead letters. */
void task_refuse(struct task *t, enum refusal why);
/* Settles it, and ends it. */
void task_settle(struct task *t, enum settle_verb verb);
/*
 * Ends it, and settles nothing. finished: a copy that comes back is not to be run again, but
 * acknowledged like the first. Unless it is nameless: that may be another one which looks the same,
 * and to run one twice is better than to lose one.
 */
void task_end(struct task *t, bool finished);
/* One that is blank, but for worker and timer. */
struct task *task_create(struct worker *w);
/* Done with it: it is in no list of the worker, nor known to it. Its memory stays as it is to the
 * end of the loop's turn. */
void task_discard(struct task *t);
