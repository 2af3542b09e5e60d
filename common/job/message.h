/* SPDX-License-Identifier: Apache-2.0 */
/* An AMQP message as owned data: the properties Warren uses, headers, body. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/job/table.h"

struct message {
	/* All owned, NULL when absent. expiration and priority are never published (a level's TTL
	 * must not be shortened; a priority can hide older letters in a delay level on 4.0-4.2). */
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

/* An empty message on the heap. */
struct message *message_create(void);
void message_destroy(struct message *m); /* NULL is fine */
struct message *message_copy(const struct message *m);
/* Borrowed; never NULL, also of a message without a body. */
struct span message_body(const struct message *m);
/* Copies len bytes as the body. */
void message_set_body(struct message *m, const void *body, size_t len);
/* Bytes of the AMQP content header frame's payload this message needs: must fit one frame (see
 * headers.h). */
size_t message_header_size(const struct message *m);
