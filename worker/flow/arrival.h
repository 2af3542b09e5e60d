/* SPDX-License-Identifier: Apache-2.0 */
/* Takes what the broker delivers, when it may be taken. */
#pragma once

#include "common/amqp/link.h"
#include "worker/state/state.h"

/* Takes the message out of a LINK_DELIVERY event, and keeps it or gives it back. */
void arrival_accept(struct worker *w, struct link_event *e);
/*
 * Opens packs of the queues of which fewer jobs wait than may run at once. Call it once per turn of
 * the loop, before waiting tasks are started.
 */
void arrival_open_packs(struct worker *w);
/* Forgets everything that has not started. The consuming connection is gone, and the broker has
 * requeued it all. */
void arrival_forget(struct worker *w);
/* Forgets everything, whether it has started or not, and frees all tasks (task_drop_all). Call it
 * at the end. */
void arrival_forget_all(struct worker *w);
