/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One job in hand: from its delivery to its settlement.
 *
 *   (delivery) -> waiting -> running -> publishing -> settled
 *          \          \         \------- ok -----------^
 *           \          \--requeued (drain, link lost)--^
 *            \--refused: expired, early, no handler ...--> publishing
 *
 * Whatever happens, the original is acknowledged only after the broker has confirmed the message
 * that replaces it.
 */
#pragma once

#include "common/amqp/link.h"
#include "worker/worker.h"

struct task;

/* What ended in the last turn of the loop is made ready for jobs to come. */
void task_recycle_ended(struct worker *w);
/* Frees every task, in whatever state it is, and settles none: the broker delivers their jobs
 * again. For the end, after the handlers were stopped. Close the loop afterwards. */
void task_drop_all(struct worker *w);
/* Starts waiting tasks while slots are free: once per turn of the loop. */
void task_start_waiting(struct worker *w);
/* Returns true when the worker holds no job, in whatever state. */
bool task_none_in_hand(const struct worker *w);
/* Stops all running tasks; their jobs are returned uncounted. kill: at once, without grace. */
void task_stop_running(struct worker *w, bool kill);
/* Age in ms of the delivery held longest by a task that is not waiting any more; 0 when there is
 * none. */
int64_t task_oldest_ms(const struct worker *w, int64_t now_ms);
