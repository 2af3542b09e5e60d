/* SPDX-License-Identifier: Apache-2.0 */
/* Which queues the worker draws from at present, and how much at once. */
#pragma once

#include "worker/worker.h"

/* The worker's slots shared out by weight, each queue at least one. */
void consumption_share(const struct settings *s, unsigned slots, uint16_t *prefetch);
/* Starts or cancels consumers until they agree with phase, pause, throttle, sounding and the number
 * of jobs still wanted. */
void consumption_update(struct worker *w);
/* LINK_CANCELLED arrived. */
void consumption_cancelled(struct worker *w, unsigned consumer);
bool consumption_idle(const struct worker *w); /* nothing is consumed and no cancel is awaited */
/* A job of the queue found its handler paused; after several in a row the queue rests until the
 * pause is over. */
void consumption_refused(struct worker *w, unsigned consumer, int64_t until_ms);
/* A job of the queue began. */
void consumption_started(struct worker *w, unsigned consumer);
/* Jobs are taken at all: it does not drain, is not paused, and wants more. */
bool consumption_wanted(const struct worker *w);
/* The queue rests: see consumption_refused. */
bool consumption_rests(const struct worker *w, unsigned consumer);
/* More jobs may be taken (limits.jobs). */
bool consumption_wants_more(const struct worker *w);
