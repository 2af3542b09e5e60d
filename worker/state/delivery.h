/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message that the broker gave the worker and waits to hear about. A delivery brings a job, or a
 * pack of jobs. It is settled exactly once, when the last of its jobs is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/link.h"
#include "common/base/list.h"
#include "common/job/message.h"
#include "worker/rules/redelivery.h"

struct delivery {
	struct list link;    /* worker::packs, while it is a pack that nobody has opened */
	unsigned consumer;   /* the number of the queue */
	uint64_t generation; /* of the connection that brought it */
	uint64_t tag;
	bool redelivered;
	int64_t arrived_ms;       /* monotonic */
	struct message *message;  /* owned */
	size_t due;               /* jobs that are not settled */
	bool begun;               /* see delivery_begin */
	enum settle_verb verb;    /* for the whole, as far as its jobs are settled */
	struct redelivery *known; /* borrowed; see delivery_contains */
	struct list finished;     /* of redelivery_hold */
	unsigned holders;
};

/* Takes the message out of a LINK_DELIVERY event. The caller holds it. */
struct delivery *delivery_take(struct link_event *e);
/* Adds a holder, and returns d. */
struct delivery *delivery_hold(struct delivery *d);
/* Removes a holder. The last one frees d, without a word to the broker. */
void delivery_drop(struct delivery *d);

/*
 * Says how many jobs d brings. Call it once, before the first is settled. Jobs that are finished
 * before the others are remembered in known, which must outlive d.
 */
void delivery_contains(struct delivery *d, size_t jobs, struct redelivery *known);

/* Notes that a job of d has started or left. After that the whole cannot be requeued uncounted.
 */
void delivery_begin(struct delivery *d);

/*
 * Settles one job of d. The last one settles the whole: by a requeue if one job was to be requeued,
 * else by a reject if one was rejected, else by an ack. With a requeue the other jobs run again.
 * The link ignores a generation that is gone, because the broker has requeued the message already.
 * Aborts when more jobs are settled than d brings.
 */
void delivery_settle(struct delivery *d, struct link *consuming, enum settle_verb verb);
