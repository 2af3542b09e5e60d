/* SPDX-License-Identifier: Apache-2.0 */
/* --burst: sees when the worker's queues are empty, and has the worker drain then. */
#pragma once

#include "common/amqp/link.h"
#include "worker/state/state.h"

/* Allocates the memory of --burst. Call it once, after queue_make_all. */
void burst_begin(struct worker *w);
/* Frees what burst_begin allocated. */
void burst_finish(struct worker *w);
/* Looks whether the queues are empty. Call this now and then. Does nothing without --burst. */
void burst_look(struct worker *w);
/* Takes a LINK_DEPTH event of the publishing link. */
void burst_heard(struct worker *w, const struct link_event *e);
