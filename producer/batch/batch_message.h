/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a batch that share one message, from where they were read to the outcome of its
 * publish. Touches no broker.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/list.h"
#include "common/client/submit.h"

struct batch;

/* Where a line stands in the input, and the id of its job. */
struct batch_message_line {
	uint64_t ordinal, line;
	const char *file; /* borrowed */
	char *id;         /* owned */
};

struct batch_message {
	struct submit_owner owner;
	struct batch *batch; /* borrowed */
	struct list link;    /* batch_packs::open */
	char *queue;         /* of a pack that is being filled, else NULL */
	struct buf body;     /* of a pack that is being filled, else empty */
	int64_t begun_ms;    /* of a pack that is being filled; monotonic */
	size_t count;
	struct batch_message_line lines[];
};

/* Returns an empty message with room for so many lines. */
struct batch_message *batch_message_create(struct batch *batch, size_t lines);
/* Adds a line and takes its id. */
void batch_message_add(struct batch_message *m, struct batch_message_line line);
/* Removes m from its list and frees it. */
void batch_message_destroy(struct batch_message *m);
