/* SPDX-License-Identifier: Apache-2.0 */
/* An AMQP message as owned data: the properties that Warren uses, the headers and the body. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/job/table.h"

struct message {
	/*
	 * All owned, NULL when absent. expiration and priority are never published (a level's TTL
	 * must not be shortened; a priority can hide older letters in a delay level on 4.0-4.2).
	 */
	char *content_type;
	char *message_id;
	char *type;
	char *app_id;
	char *reply_to;
	char *correlation_id;
	int64_t timestamp_s; /* seconds since 1970; -1 when absent */
	struct table headers;
	char *body;      /* owned, terminated */
	size_t body_len; /* bytes */
};

/* Returns an empty message on the heap. The caller destroys it. */
struct message *message_create(void);
/* Frees a message. Does nothing for NULL. */
void message_destroy(struct message *m);
/* Returns a deep copy. The caller destroys it. */
struct message *message_copy(const struct message *m);
/* Returns the body, borrowed from m. Its address is never NULL, also when there is no body. */
struct span message_body(const struct message *m);
/* Replaces the body by a copy of len bytes. */
void message_set_body(struct message *m, const void *body, size_t len);
/*
 * Returns the bytes that the message's properties and headers take in the payload of an AMQP
 * content header frame. They must fit into one frame (headers.h).
 */
size_t message_header_size(const struct message *m);
