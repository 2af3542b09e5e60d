/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what is known of a dead or unroutable message: what it was, when it died and why. Pure. */
#pragma once

#include <jansson.h>

#include "common/job/headers.h"
#include "common/job/message.h"

struct letter {
	const struct message *message; /* borrowed */
	struct bookkeeping book;
	json_t *box; /* NULL if the broker dead-lettered it by itself, or if it is unroutable */
	char *id, *type, *queue; /* owned; "?" where unknown. queue: as the user knows it */
	char *died;              /* RFC 3339, or "?" */
	int64_t died_at_ms;      /* CLOCK_NEVER if it is unknown */
	char *sealed_to;         /* the id of the key; NULL if the args are not sealed */
	const char *signed_by;   /* the id of the key, borrowed, not checked; NULL if not signed */
	char *reason; /* of the box, else the broker's (delivery_limit, rejected ...), else
	                 "unroutable" */
};

/*
 * Fills *l from a message that lies in a dead queue or in P.unroutable. Borrows m until
 * letter_finish. routing_key is the AMQP name of the queue that the job belongs to.
 */
void letter_read(struct letter *l, const struct message *m, const char *routing_key,
                 const char *prefix);
/* Frees what letter_read made, but neither l nor its message. */
void letter_finish(struct letter *l);
