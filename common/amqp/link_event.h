/* SPDX-License-Identifier: Apache-2.0 */
/* The events by which a link speaks to its owner (link.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/list.h"
#include "common/job/message.h"

enum link_event_kind {
	LINK_UP,       /* generation, text = "host:port/vhost", version, header_max */
	LINK_DOWN,     /* error: why; a reconnect follows by itself */
	LINK_FAILED,   /* error: the first connect failed with give_up, or, with or without give_up,
	                * the   login was refused or a required name is missing. The link has ended,
	                * so   destroy it. */
	LINK_DELIVERY, /* consumer, generation, tag, redelivered, message (owned by the receiver),
	                  routing_key */
	LINK_CONFIRMED, /* token: the broker has it */
	LINK_RETURNED,  /* token: no queue took it; error.text has the broker's words */
	LINK_NACKED, /* token: the broker refused it three times, each time on a new connection. Or
	              * it closed the channel because of its exchange (no permission, no such
	              * exchange), and error has its words */
	LINK_TIMEDOUT, /* token: its deadline passed without an answer, so nobody knows whether the
	                * broker has it */
	LINK_UNFIT, /* token, error: it is too large for this broker, so trying again would not help
	             */
	LINK_BLOCKED, /* text: resource alarm; publishes wait */
	LINK_UNBLOCKED,
	LINK_CONSUMES, /* consumer: it was started, and deliveries may follow */
	LINK_REFUSED, /* consumer, error: the broker does not let it start (ERROR_CONFIG if there is
	               * no such queue, ERROR_AUTH if the user may not read it). The link goes on
	               * trying, after longer and longer pauses up to 15 s, and tells each refusal
	               */
	LINK_CANCELLED, /* consumer: it was cancelled, and no delivery follows */
	LINK_DEPTH, /* token (of link_query), count: ready messages, or -1 if the broker could not
	               be asked */
};

struct link_event {
	enum link_event_kind kind;
	struct list link; /* in the list of link_take */
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

/* Frees the event with everything in it, also the message. Does nothing for NULL. */
void link_event_destroy(struct link_event *e);
