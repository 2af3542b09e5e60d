/* SPDX-License-Identifier: Apache-2.0 */
/* The topology's table applied to a broker, or compared with what is there as far as AMQP tells. */
#pragma once

#include "common/amqp/broker.h"
#include "common/job/topology.h"

/*
 * What became of one item. text is the broker's own words when it refused; borrowed for the call.
 * PRESENT and ABSENT come from declare_inspect only, which cannot see bindings or arguments.
 */
enum declare_outcome { DECLARE_DONE, DECLARE_REFUSED, DECLARE_PRESENT, DECLARE_ABSENT };
typedef void declare_report_fn(void *data, const struct topology_item *item,
                               enum declare_outcome outcome, const char *text);

/*
 * Declares every item, going on after a refusal so that all mismatches are reported at once.
 * Idempotent. report may be NULL. -1: at least one was refused (the kind of the last refusal, its
 * words in err), or the connection broke.
 */
int declare_topology(struct broker *b, const struct topology *t, declare_report_fn *report,
                     void *data, struct error *err);

/*
 * Looks passively which exchanges and queues exist; needs no permission. *absent counts the missing
 * ones. -1: the connection broke.
 */
int declare_inspect(struct broker *b, const struct topology *t, declare_report_fn *report,
                    void *data, size_t *absent, struct error *err);
