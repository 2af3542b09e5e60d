/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which jobs this process knows, so that a copy the broker delivers again after a reconnect is
 * recognised and not run a second time. A job is known by queue, id, its counters, its signature
 * and the hash of its body, never by its id alone: two jobs may carry one id.
 *
 * Pure bookkeeping: it decides nothing about the job.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/job/headers.h"
#include "common/base/list.h"

enum { REDELIVERY_FINISHED_MIN = 4096 };

struct redelivery; /* the table */

struct redelivery *redelivery_create(void);
void redelivery_destroy(struct redelivery *r);

/*
 * A 64-bit key of these parts. All of the job's counters count: a job that went round without a new
 * attempt (snoozed, returned, too early, replayed) is another message than the one that was
 * acknowledged, and still has to run. So does one of which somebody sent a copy that was refused
 * for its signature.
 */
uint64_t redelivery_key(unsigned consumer, const char *id, const struct bookkeeping *book,
                        struct headers_signature s, struct span body);

/* The job with that key, delivered by connection `generation`, is in hand; task is the owner's, not
 * NULL. */
void redelivery_add(struct redelivery *r, uint64_t key, uint64_t generation, void *task);
/* It got a newer copy's tag. */
void redelivery_moved(struct redelivery *r, uint64_t key, void *task, uint64_t generation);
/*
 * It was acknowledged (remember: true; the ack may still be lost with its connection) or given back
 * (false). The last REDELIVERY_FINISHED_MIN acknowledged ones are kept, and as many more as were
 * ever held at one time.
 */
void redelivery_done(struct redelivery *r, uint64_t key, void *task, bool remember);
/*
 * It is finished, but its acknowledgement waits for the other jobs of its pack: it is remembered
 * for as long as it is in held, which is the pack's, and which nothing but redelivery_release
 * empties.
 */
void redelivery_hold(struct redelivery *r, uint64_t key, void *task, struct list *held);
/* The pack was acknowledged, or its connection is gone: all in held are remembered like the others.
 */
void redelivery_release(struct redelivery *r, struct list *held);

enum redelivery_match {
	REDELIVERY_NEW,      /* unknown here: run it */
	REDELIVERY_IN_HAND,  /* *task has it: adopt the tag */
	REDELIVERY_FINISHED, /* its ack was lost: acknowledge again */
};
/*
 * Looks for a copy that was delivered by an older connection than `generation`. A finished entry is
 * used up by the match. Call only for deliveries that the broker marks as redelivered.
 */
enum redelivery_match redelivery_find(struct redelivery *r, uint64_t key, uint64_t generation,
                                      void **task);
