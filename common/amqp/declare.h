/* SPDX-License-Identifier: Apache-2.0 */
/* Declares the topology on a broker, or compares it with what is there as far as AMQP tells. */
#pragma once

#include "common/amqp/broker.h"
#include "common/job/topology.h"

/*
 * Tells what became of one item. text has the broker's words if it refused, and is borrowed for the
 * call. DECLARE_PRESENT and DECLARE_ABSENT come from declare_inspect only, which cannot see
 * bindings and arguments.
 */
enum declare_outcome { DECLARE_DONE, DECLARE_REFUSED, DECLARE_PRESENT, DECLARE_ABSENT };
typedef void declare_report_fn(void *data, const struct topology_item *item,
                               enum declare_outcome outcome, const char *text);

/*
 * Declares every item. Goes on after a refusal, so that all mismatches are reported at once. It is
 * harmless to repeat. report may be NULL. Returns -1 if at least one item was refused, with kind
 * and words of the last refusal, or if the connection broke.
 */
int declare_topology(struct broker *b, const struct topology *t, declare_report_fn *report,
                     void *data, struct error *err);

/*
 * Asks passively which exchanges and queues exist. *absent becomes the number of the missing ones.
 * RabbitMQ before 4.3 wants no permission for that (see broker_inspect_queue). Returns -1 if the
 * connection broke.
 */
int declare_inspect(struct broker *b, const struct topology *t, declare_report_fn *report,
                    void *data, size_t *absent, struct error *err);
