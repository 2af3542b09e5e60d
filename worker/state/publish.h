/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes messages, and tells their owners what became of them. */
#pragma once

#include "common/amqp/link.h"
#include "common/job/outbound.h"
#include "worker/state/state.h"

/* Hands *o to the publishing link and takes its message. deadline_ms counts from now, 0 is none.
 * The owner must live until its `ended` was called. One owner may have several publishes under way.
 */
void publish_start(struct worker *w, struct publish_owner *owner, struct outbound *o,
                   int64_t deadline_ms);
/* Takes an event of the publishing link that says what became of a publish. */
void publish_ended(struct worker *w, const struct link_event *e);
