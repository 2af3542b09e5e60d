/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/parcel.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/memory.h"

struct parcel *parcel_take(struct link_event *e)
{
	struct parcel *p = xcalloc(1, sizeof *p);
	*p = (struct parcel){
	    .consumer = e->consumer,
	    .generation = e->generation,
	    .tag = e->tag,
	    .redelivered = e->redelivered,
	    .arrived_ms = clock_monotonic_ms(),
	    .verb = SETTLE_ACK,
	    .holders = 1,
	};
	p->message = steal_ptr(e->message);
	list_init(&p->link);
	list_init(&p->finished);
	return p;
}

struct parcel *parcel_hold(struct parcel *p)
{
	p->holders++;
	return p;
}

void parcel_drop(struct parcel *p)
{
	if (--p->holders > 0)
		return;
	if (p->known)
		redelivery_release(p->known, &p->finished);
	message_destroy(p->message);
	free(p);
}

void parcel_contains(struct parcel *p, size_t jobs, struct redelivery *known)
{
	p->due = jobs;
	p->known = known;
}

static enum settle_verb gravest(enum settle_verb a, enum settle_verb b)
{
	if (a == SETTLE_REQUEUE || b == SETTLE_REQUEUE)
		return SETTLE_REQUEUE;
	return a == SETTLE_REJECT || b == SETTLE_REJECT ? SETTLE_REJECT : SETTLE_ACK;
}

void parcel_settle(struct parcel *p, struct link *consuming, enum settle_verb verb)
{
	if (p->due == 0) {
		log_error(LOG_SELF, "delivery %llu settled twice: stopping before a job is lost",
		          (unsigned long long)p->tag);
		abort();
	}
	p->verb = gravest(p->verb, verb);
	if (--p->due == 0)
		link_settle(consuming, p->consumer, p->generation, p->tag, p->verb);
}
