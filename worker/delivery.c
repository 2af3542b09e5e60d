/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/delivery.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"

struct delivery delivery_take(struct link_event *e)
{
	return (struct delivery){
	    .consumer = e->consumer,
	    .generation = e->generation,
	    .tag = e->tag,
	    .message = steal_ptr(e->message),
	};
}

void delivery_finish(struct delivery *d)
{
	message_destroy(d->message);
	d->message = NULL;
}

void delivery_settle(struct delivery *d, struct link *consuming, enum settle_verb verb)
{
	if (d->settled) {
		log_error(LOG_SELF, "delivery %llu settled twice: stopping before a job is lost",
		          (unsigned long long)d->tag);
		abort();
	}
	d->settled = true;
	link_settle(consuming, d->consumer, d->generation, d->tag, verb);
}

void delivery_adopt(struct delivery *d, const struct link_event *copy)
{
	d->generation = copy->generation;
	d->tag = copy->tag;
}
