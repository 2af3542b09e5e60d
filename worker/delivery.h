/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message that the broker gave us and waits to hear about. It brings a job, or a pack of them,
 * and is settled exactly once, when the last of its jobs is: a job has no delivery tag, its
 * delivery has.
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
	unsigned consumer;   /* which queue of the worker */
	uint64_t generation; /* the connection that brought it */
	uint64_t tag;
	bool redelivered;
	int64_t arrived_ms;      /* monotonic */
	struct message *message; /* owned */
	size_t due;              /* jobs of it that are not settled */
	bool begun; /* one of its jobs has begun, or goes its own way: it cannot go back as if it
	               had not been here */
	enum settle_verb verb;    /* for the whole, by what its jobs have come to so far */
	struct redelivery *known; /* delivery_contains */
	struct list finished;     /* redelivery_hold */
	unsigned holders;
};

/* Takes the message out of a LINK_DELIVERY event. The caller holds it. */
struct delivery *delivery_take(struct link_event *e);
struct delivery *delivery_hold(struct delivery *d);
/* The last one frees it; it tells the broker nothing. */
void delivery_drop(struct delivery *d);

/*
 * Told once, before the first settlement: it holds so many jobs. Those that are finished before the
 * others are remembered in known, which outlives it.
 */
void delivery_contains(struct delivery *d, size_t jobs, struct redelivery *known);

/*
 * One of its jobs is settled. With the last one the broker is told: ack when all were, reject when
 * one was rejected, and requeue when one was to be requeued, whatever the others came to: then
 * those run again. A call for a job too many is a broken invariant and aborts. A generation that is
 * gone is ignored by the link: the broker has requeued the message already.
 */
void delivery_settle(struct delivery *d, struct link *consuming, enum settle_verb verb);
