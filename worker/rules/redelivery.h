/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Knows the jobs of this process, so that a copy that the broker delivers again after a reconnect
 * is recognised and not run a second time. A job is known by its queue, id, counters, signature and
 * the hash of its body. Its id alone is not enough, because two jobs may carry one id. Pure.
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
 * Returns a 64-bit key of these parts. All counters of the job are in it: a job that went round
 * without a new attempt (snoozed, returned, too early, replayed) is another message than the one
 * that was acknowledged, and still has to run. The signature is in it so that a job still runs
 * after a copy of it was refused for its signature.
 */
uint64_t redelivery_key(unsigned consumer, const char *id, const struct bookkeeping *book,
                        struct headers_signature s, struct span body);

/* Notes that the job with that key is in hand, as connection `generation` delivered it. task is the
 * caller's, and not NULL. */
void redelivery_add(struct redelivery *r, uint64_t key, uint64_t generation, void *task);
/* Notes that the task went over to a copy that connection `generation` delivered. */
void redelivery_moved(struct redelivery *r, uint64_t key, void *task, uint64_t generation);
/*
 * Notes that the task is no longer in hand. remember says that it was acknowledged, which may still
 * be lost with the connection. The last REDELIVERY_FINISHED_MIN of those are kept, and as many more
 * as were ever held at one time.
 */
void redelivery_done(struct redelivery *r, uint64_t key, void *task, bool remember);
/*
 * Notes that the task is finished while its acknowledgement waits for the other jobs of its pack.
 * It is remembered for as long as it is in held, a list of the pack that only redelivery_release
 * empties.
 */
void redelivery_hold(struct redelivery *r, uint64_t key, void *task, struct list *held);
/* Remembers all in held like other finished jobs. The pack was acknowledged, or its connection is
 * gone. */
void redelivery_release(struct redelivery *r, struct list *held);

enum redelivery_match {
	REDELIVERY_NEW,      /* not known here: run it */
	REDELIVERY_IN_HAND,  /* *task has the job: let it go over to the copy */
	REDELIVERY_FINISHED, /* the acknowledgement was lost: acknowledge the copy */
};
/*
 * Looks for a job with that key that an older connection than `generation` delivered. A match uses
 * a finished job up. Call it only for deliveries that the broker marks as redelivered.
 */
enum redelivery_match redelivery_find(struct redelivery *r, uint64_t key, uint64_t generation,
                                      void **task);
