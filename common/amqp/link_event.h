/* SPDX-License-Identifier: Apache-2.0 */
/* What a link tells its owner (link.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/list.h"
#include "common/job/message.h"

enum link_event_kind {
	LINK_UP,     /* generation, text = "host:port/vhost", version, header_max */
	LINK_DOWN,   /* error: why; a reconnect follows by itself */
	LINK_FAILED, /* error: first connect failed with give_up; or refused login / a required name
	              * missing on the first connect, whatever give_up says. The link is finished:
	              * destroy it. */
	LINK_DELIVERY,  /* consumer, generation, tag, redelivered, message (owned by the receiver),
	                   routing_key */
	LINK_CONFIRMED, /* token: the broker has it */
	LINK_RETURNED,  /* token: no queue took it; error.text has the broker's words */
	LINK_NACKED,    /* token: refused three times over fresh connections; or error: the broker's
	                 * words when it closed    the channel over its exchange (no permission, no
	                 * such    exchange) */
	LINK_TIMEDOUT,  /* token: its deadline passed without an answer: it may or may not be there
	                 */
	LINK_UNFIT,   /* token, error: it is too large for this broker, and would be at every try */
	LINK_BLOCKED, /* text: resource alarm; publishes wait */
	LINK_UNBLOCKED,
	LINK_CONSUMES,  /* consumer: it was started, and deliveries may follow */
	LINK_REFUSED,   /* consumer, error: the broker does not let it start (ERROR_CONFIG: no such
	                 * queue, ERROR_AUTH);   the   link goes on trying, ever more seldom up to
	                 * every   15 s, and tells each refusal */
	LINK_CANCELLED, /* consumer: link_cancel is done, no delivery of it follows */
	LINK_DEPTH, /* token (of link_query), count = ready messages; -1 in count when it could not
	               be asked */
};

struct link_event {
	enum link_event_kind kind;
	struct list link; /* link_take's list */
	uint64_t token;
	unsigned consumer;
	uint64_t generation;
	uint64_t tag;
	bool redelivered;
	int64_t count;
	size_t header_max; /* broker_header_max */
	struct message *message;
	char *routing_key;   /* owned by the event */
	char *text;          /* owned by the event */
	char *version;       /* owned by the event */
	struct error *error; /* owned by the event; NULL when there is none */
};

/* Frees the event and the message that is still in it. */
void link_event_destroy(struct link_event *e);
