/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a batch that share one message, from where they were read to the confirm; and the
 * packs that are still being filled, one for each queue. Touches no broker.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/list.h"

struct shipped_line {
	uint64_t ordinal, line;
	const char *file; /* borrowed */
	char *id;         /* owned */
};

struct shipment {
	struct list link; /* the owner's */
	char *queue;      /* of a pack that is being filled; else NULL */
	struct buf body;  /* likewise */
	int64_t begun_ms; /* likewise: monotonic */
	size_t count;
	struct shipped_line lines[];
};

/* Room for so many lines. */
struct shipment *shipment_create(size_t lines);
/* Takes id. */
void shipment_add(struct shipment *s, struct shipped_line line);
void shipment_destroy(struct shipment *s); /* removes it from its list */

struct packing {
	struct list open; /* shipment::link */
	size_t jobs_max;  /* of a pack; 1: there are none */
	size_t bytes_max; /* of its body */
};

void packing_init(struct packing *p, size_t jobs_max, size_t bytes_max);
void packing_finish(struct packing *p);
/* Does a document of that length go into a pack at all? */
bool packing_takes(const struct packing *p, size_t document_len);
/* The open pack of the queue; NULL: there is none yet. */
struct shipment *packing_find(struct packing *p, const char *queue);
/* Is it full, or too full for a document of that length? */
bool packing_full(const struct packing *p, const struct shipment *pack, size_t document_len);
/* A new open pack. */
struct shipment *packing_begin(struct packing *p, const char *queue, int64_t now_ms);
