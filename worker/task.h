/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One job in hand: from its delivery to its settlement.
 *
 *   (delivery) -> waiting -> running -> publishing -> settled
 *          \          \         \------- ok -----------^
 *           \          \--requeued (drain, link lost)--^
 *            \--refused: expired, early, no handler ...--> publishing
 *
 * Whatever happens, the original is acknowledged only after the broker has confirmed the message that replaces it.
 */
#pragma once

#include "common/link.h"
#include "worker/worker.h"

struct task;

/* Takes the message out of a LINK_DELIVERY event; the task is known to the worker's lists from here on. */
void task_accept(struct worker *w, struct link_event *e);
/* Starts waiting tasks while slots are free: once per turn of the loop. */
void task_start_waiting(struct worker *w);
/* Gives all waiting tasks back to the broker (nack with requeue). */
void task_requeue_waiting(struct worker *w);
/* Gives back those waiting tasks whose delivery (monotonic) arrived before that: a full handler may hold them for ever.
 */
void task_requeue_overdue(struct worker *w, int64_t held_before_ms);
/* The consuming connection is gone, and the broker has requeued all: forgets the tasks that have not started. */
void task_forget_waiting(struct worker *w);
/* Stops all running tasks; their jobs are returned uncounted. kill: at once, without grace. */
void task_stop_running(struct worker *w, bool kill);
/* What became of a republish: CONFIRMED, RETURNED or NACKED, by its token. */
void task_published(struct worker *w, const struct link_event *e);
/* Age in ms of the delivery held longest by a task that is not waiting any more; 0 when there is none. */
int64_t task_oldest_ms(const struct worker *w, int64_t now_ms);
