/* SPDX-License-Identifier: Apache-2.0 */
/* Which queues the worker draws from at present, and how much at once. */
#pragma once

#include "worker/worker.h"

/* The worker's slots shared out by weight, each queue at least one. */
void queue_share_slots(const struct worker_settings *s, unsigned slots, uint16_t *prefetch);
/* Starts or cancels consumers until they agree with phase, pause, throttle, sounding and the number
 * of jobs still wanted. */
void queue_update_all(struct worker *w);
/* LINK_CANCELLED arrived. */
void queue_cancelled(struct worker *w, unsigned consumer);
bool queue_all_idle(const struct worker *w); /* nothing is consumed and no cancel is awaited */
/* A job of the queue found its handler paused; after several in a row the queue rests until the
 * pause is over. */
void queue_found_paused(struct worker *w, unsigned consumer, int64_t until_ms);
/* A job of the queue began. */
void queue_job_began(struct worker *w, unsigned consumer);
/* Jobs are taken at all: it does not drain, is not paused, and wants more. */
bool queue_may_take(const struct worker *w);
/* The queue rests: see queue_found_paused. */
bool queue_rests(const struct worker *w, unsigned consumer);
/* More jobs may be taken (limits.jobs). */
bool queue_wants_more(const struct worker *w);
