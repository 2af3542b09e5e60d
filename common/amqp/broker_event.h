/* SPDX-License-Identifier: Apache-2.0 */
/* One thing that was read from a broker's connection (broker_read). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/job/message.h"

enum broker_event_kind {
	BROKER_NOTHING,  /* nothing more to read now */
	BROKER_DELIVERY, /* message, routing_key, exchange, consumer_tag, tag, redelivered */
	BROKER_RETURNED, /* message (with its message_id), code, text; a confirm follows */
	BROKER_ACKED,    /* tag, multiple: a publish of ours */
	BROKER_NACKED,   /* tag, multiple: a publish of ours */
	/*
	 * The broker cancelled consumer_tag, because its queue was deleted, the leader was lost, or
	 * (4.3) a delivery was held too long.
	 */
	BROKER_CONSUMER_GONE,
	/* code, text. The closing is answered already, and the channel may be opened again. */
	BROKER_CHANNEL_CLOSED,
	BROKER_BLOCKED, /* text: the broker reads no publishes (resource alarm) */
	BROKER_UNBLOCKED,
};

struct broker_event {
	enum broker_event_kind kind;
	int channel;
	uint64_t tag;
	bool multiple;
	bool redelivered;
	int code;
	char consumer_tag[64];
	char routing_key[256];
	char exchange[256];
	char text[256];
	struct message *message; /* owned by the receiver */
};
