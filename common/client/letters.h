/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks through the messages of a dead queue without taking them out: basic.consume, and a channel
 * that is closed at the end, so that the broker puts everything back where it was (basic.get
 * returns letters out of order). A consumer of a quorum queue holds at most 2,000 unacknowledged
 * messages; beyond them further consumers go on. Nothing is lost when this is interrupted: the
 * broker takes back what a lost connection held.
 */
#pragma once

#include "common/amqp/broker.h"
#include "common/base/error.h"

enum letter_verdict {
	LETTER_KEEP, /* it stays */
	LETTER_TAKE, /* it is acknowledged: gone from the queue */
	LETTER_STOP, /* it stays, and the walk is over */
	LETTER_FAIL, /* it stays, the walk is over, err says why */
};
/* message is borrowed; routing_key: the AMQP queue the job belongs to. */
typedef enum letter_verdict letter_visit_fn(void *data, const struct message *m,
                                            const char *routing_key, struct error *err);

/*
 * Visits what was ready in the queue at the start, in its order; ends early when nothing arrives
 * for 2 s (somebody else holds it). -1: the queue does not exist (ERROR_CONFIG), the connection
 * broke, or LETTER_FAIL.
 */
int letters_walk(struct broker *b, const char *queue, letter_visit_fn *visit, void *data,
                 struct error *err);
