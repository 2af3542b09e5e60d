/* SPDX-License-Identifier: Apache-2.0 */
/* Which queues the worker consumes at present, and how much of each at once. */
#pragma once

#include "worker/state/state.h"

/* Makes the queues of the settings, with the slots shared out by weight, at least one for each. */
void queue_make_all(struct worker *w);
/* Reads the key files of the queues. Returns -1 if one of them is wrong. */
int queue_load_keys(struct worker *w, struct error *err);
void queue_finish_all(struct worker *w);

/* Starts to consume queues or cancels that, until what is consumed agrees with the worker's phase,
 * the throttle, burst, and the number of jobs that are still wanted. */
void queue_update_all(struct worker *w);
/* Returns true if nothing is consumed and no cancel is awaited. */
bool queue_all_idle(const struct worker *w);
/* Returns true unless --count is reached. */
bool queue_wants_more(const struct worker *w);
/* Returns true if a job that arrives now is taken: the worker runs, is not paused, and wants more.
 */
bool queue_may_take(const struct worker *w);

/* Counts a job of q that found its handler paused. After several in a row the queue rests until the
 * pause is over. */
void queue_found_paused(struct worker *w, struct queue *q, int64_t until_ms);
/* Notes that a job of q has begun. */
void queue_job_began(struct queue *q);
/* Returns true if q rests: see queue_found_paused. */
bool queue_rests(const struct queue *q);

/* LINK_CONSUMES: the broker lets q be consumed. */
void queue_started(struct queue *q);
/* LINK_REFUSED: the broker does not let q be consumed any more. The link tries again by itself. */
void queue_refused(struct queue *q, const struct link_event *e);
/* LINK_CANCELLED: no delivery of q follows. */
void queue_cancelled(struct worker *w, struct queue *q);
/* LINK_DOWN: no cancel is awaited any more. */
void queue_connection_lost(struct worker *w);
