/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message that the broker gave us and waits to hear about. It is settled exactly once, when the last of its jobs
 * is; a job has no delivery tag, its delivery has.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/link.h"
#include "common/message.h"

struct delivery {
	unsigned consumer;   /* which queue of the worker */
	uint64_t generation; /* the connection that brought it; an adopted delivery takes the newer one's */
	uint64_t tag;
	bool settled;
	struct message *message; /* owned */
};

/* Takes the message out of a LINK_DELIVERY event. */
struct delivery delivery_take(struct link_event *e);
void delivery_finish(struct delivery *d);
/*
 * Tells the broker (ack, requeue or reject). A second call is a broken invariant and aborts. A generation that is gone
 * is ignored by the link: the broker has requeued the message already.
 */
void delivery_settle(struct delivery *d, struct link *consuming, enum settle_verb verb);
/* The redelivered copy of the same message takes over: its tag is the one to settle from now on. */
void delivery_adopt(struct delivery *d, const struct link_event *copy);
