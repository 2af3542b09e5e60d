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
	/* generation, text ("host:port/vhost"), version, header_max. */
	LINK_UP,
	/* error says why. A reconnect follows by itself. */
	LINK_DOWN,
	/*
	 * error. The first connect failed with give_up, or, with or without give_up, the login was
	 * refused or a required name is missing. The link has ended, and the owner must destroy it.
	 */
	LINK_FAILED,
	/* consumer, generation, tag, redelivered, routing_key, message (owned by the receiver). */
	LINK_DELIVERY,
	/* token. The broker has the message. */
	LINK_CONFIRMED,
	/* token, error. No queue took the message. error has the broker's words. */
	LINK_RETURNED,
	/*
	 * token. The broker refused the message three times, each time on a new connection. Or it
	 * closed the channel because of the exchange (no permission, no such exchange), and error
	 * has its words.
	 */
	LINK_NACKED,
	/*
	 * token. The deadline passed without an answer, so nobody knows whether the broker has the
	 * message.
	 */
	LINK_TIMEDOUT,
	/*
	 * token, error. The message is too large for this broker, so trying again would not help.
	 */
	LINK_UNFIT,
	/* text. The broker has a resource alarm, and publishes wait. */
	LINK_BLOCKED,
	/* The resource alarm is over. */
	LINK_UNBLOCKED,
	/* consumer. It was started, and deliveries may follow. */
	LINK_CONSUMES,
	/*
	 * consumer, error. The broker does not let it start (ERROR_CONFIG if there is no such
	 * queue, ERROR_AUTH if the user may not read it). The link goes on trying, after longer and
	 * longer pauses up to 15 s, and tells each refusal.
	 */
	LINK_REFUSED,
	/* consumer. It was cancelled, and no delivery of it follows. */
	LINK_CANCELLED,
	/*
	 * token (of link_query), count. count is the number of ready messages, or -1 if the broker
	 * could not be asked.
	 */
	LINK_DEPTH,
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
