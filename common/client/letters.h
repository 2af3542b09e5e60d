/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks through the messages of a dead queue without taking them out. It consumes them and closes
 * the channel at the end, so that the broker puts them back where they were. basic.get would
 * return them out of order. A consumer of a quorum queue holds at most 2,000 unacknowledged
 * messages, so further consumers go on from there. Nothing is lost by an interruption, because the
 * broker takes back what a lost connection held.
 */
#pragma once

#include "common/amqp/broker.h"
#include "common/base/error.h"

enum letter_verdict {
	LETTER_KEEP, /* it stays */
	LETTER_TAKE, /* it is acknowledged, and so leaves the queue */
	LETTER_STOP, /* it stays, and the walk is over */
	LETTER_FAIL, /* it stays, the walk is over, err says why */
};
/* Called for each letter. m is borrowed. routing_key is the AMQP name of the queue that the job
 * belongs to. */
typedef enum letter_verdict letter_visit_fn(void *data, const struct message *m,
                                            const char *routing_key, struct error *err);

/*
 * Visits what was ready in the queue at the start, in its order. Ends early when nothing arrives
 * for 2 s, because another consumer holds it. Returns -1 if the queue does not exist
 * (CAUSE_NO_QUEUE), if the connection is lost, or after LETTER_FAIL.
 */
int letters_walk(struct broker *b, const char *queue, letter_visit_fn *visit, void *data,
                 struct error *err);
