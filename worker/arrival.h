/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a delivery to the tasks of its jobs: a pack is opened when there is room for its jobs, a
 * copy of a job that is known here is recognised, and what cannot be run is given back.
 */
#pragma once

#include "common/amqp/link.h"
#include "worker/worker.h"

/* Takes the message out of a LINK_DELIVERY event. */
void arrival_accept(struct worker *w, struct link_event *e);
/* Opens packs of the queues of which fewer jobs wait than may run at once: once per turn of the
 * loop. */
void arrival_open_packs(struct worker *w);
/* Gives all that waits back to the broker: a whole message by a requeue, a job of a pack that has
 * begun by itself. */
void arrival_give_back_all(struct worker *w);
/* Gives back what arrived before that (monotonic) and waits: a full handler may hold it for ever.
 */
void arrival_give_back_overdue(struct worker *w, int64_t held_before_ms);
/* The consuming connection is gone, and the broker has requeued all: forgets what has not started.
 */
void arrival_forget(struct worker *w);
