/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/state/delivery.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/memory.h"

struct delivery *delivery_take(struct link_event *e)
{
	struct delivery *d = xcalloc(1, sizeof *d);
	*d = (struct delivery){
	    .consumer = e->consumer,
	    .generation = e->generation,
	    .tag = e->tag,
	    .redelivered = e->redelivered,
	    .arrived_ms = clock_monotonic_ms(),
	    .verb = SETTLE_ACK,
	    .holders = 1,
	};
	d->message = steal_ptr(e->message);
	list_init(&d->link);
	list_init(&d->finished);
	return d;
}

struct delivery *delivery_hold(struct delivery *d)
{
	d->holders++;
	return d;
}

void delivery_drop(struct delivery *d)
{
	if (--d->holders > 0)
		return;
	if (d->known)
		redelivery_release(d->known, &d->finished);
	message_destroy(d->message);
	free(d);
}

void delivery_contains(struct delivery *d, size_t jobs, struct redelivery *known)
{
	d->due = jobs;
	d->known = known;
}

void delivery_begin(struct delivery *d)
{
	d->begun = true;
}

static enum settle_verb gravest(enum settle_verb a, enum settle_verb b)
{
	if (a == SETTLE_REQUEUE || b == SETTLE_REQUEUE)
		return SETTLE_REQUEUE;
	return a == SETTLE_REJECT || b == SETTLE_REJECT ? SETTLE_REJECT : SETTLE_ACK;
}

void delivery_settle(struct delivery *d, struct link *consuming, enum settle_verb verb)
{
	if (d->due == 0) {
		log_error(LOG_SELF, "delivery %llu settled twice: stopping before a job is lost",
		          (unsigned long long)d->tag);
		abort();
	}
	d->verb = gravest(d->verb, verb);
	if (--d->due == 0)
		link_settle(consuming, d->consumer, d->generation, d->tag, d->verb);
}
