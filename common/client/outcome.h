/* SPDX-License-Identifier: Apache-2.0 */
/* The one end that every publish has, its name in receipts and the exit code it deserves. Pure. */
#pragma once

#include "common/base/error.h"
#include "common/amqp/link.h"

enum outcome {
	OUTCOME_CONFIRMED,
	OUTCOME_RETURNED,
	OUTCOME_NACKED,
	OUTCOME_TIMED_OUT,
	OUTCOME_REJECTED,
	OUTCOMES
};

/* False: the event is no end of a publish. */
bool outcome_of_event(const struct link_event *e, enum outcome *outcome);
const char *
outcome_name(enum outcome o); /* "confirmed", "returned", "nacked", "timed_out", "rejected" */
/* Fills err with words and the kind (exit code) for an end that is not OUTCOME_CONFIRMED; returns
 * -1. */
int outcome_error(enum outcome o, const struct link_event *e, struct error *err);
/* Adds the hint which command creates a missing queue to a LINK_FAILED error. */
void outcome_explain_failure(const struct link_event *e, const char *queue, struct error *err);
