/* SPDX-License-Identifier: Apache-2.0 */
/* The packs of a batch that are still being filled, at most one for each queue. Touches no broker.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producer/batch/batch_message.h"

struct batch_packs {
	struct list open; /* batch_message::link */
	size_t jobs_max;  /* of a pack; 1 if each job has its own message */
	size_t bytes_max; /* of a pack's body */
};

/* Sets up *p without any pack. */
void batch_packs_init(struct batch_packs *p, size_t jobs_max, size_t bytes_max);
/* Frees the packs that are still open. */
void batch_packs_finish(struct batch_packs *p);
/* Returns true if a document of that length may go into a pack. */
bool batch_packs_take(const struct batch_packs *p, size_t document_len);
/* Returns the open pack of the queue, or NULL if there is none yet. */
struct batch_message *batch_packs_find(struct batch_packs *p, const char *queue);
/* Returns true if the pack is full, or too full for a document of that length. */
bool batch_packs_full(const struct batch_packs *p, const struct batch_message *pack,
                      size_t document_len);
/* Opens a new pack for the queue and returns it. */
struct batch_message *batch_packs_begin(struct batch_packs *p, struct batch *batch,
                                        const char *queue, int64_t now_ms);
