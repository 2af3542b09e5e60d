/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/shipment.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/job/pack.h"

struct shipment *shipment_create(size_t lines)
{
	struct shipment *s = xcalloc(1, sizeof *s + lines * sizeof *s->lines);
	list_init(&s->link);
	return s;
}

void shipment_add(struct shipment *s, struct shipped_line line)
{
	s->lines[s->count++] = line;
}

void shipment_destroy(struct shipment *s)
{
	list_remove(&s->link);
	for (size_t i = 0; i < s->count; i++)
		free(s->lines[i].id);
	free(s->queue);
	buf_finish(&s->body);
	free(s);
}

void packing_init(struct packing *p, size_t jobs_max, size_t bytes_max)
{
	*p = (struct packing){.jobs_max = jobs_max, .bytes_max = bytes_max};
	list_init(&p->open);
}

void packing_finish(struct packing *p)
{
	while (!list_empty(&p->open))
		shipment_destroy(list_item(p->open.next, struct shipment, link));
}

bool packing_takes(const struct packing *p, size_t document_len)
{
	const struct buf empty = {0};
	return p->jobs_max > 1 && pack_size_with(&empty, document_len) <= p->bytes_max;
}

struct shipment *packing_find(struct packing *p, const char *queue)
{
	struct list *pos, *next;
	list_for_each (pos, next, &p->open) {
		struct shipment *s = list_item(pos, struct shipment, link);
		if (strcmp(s->queue, queue) == 0)
			return s;
	}
	return NULL;
}

bool packing_full(const struct packing *p, const struct shipment *pack, size_t document_len)
{
	return pack->count >= p->jobs_max ||
	       pack_size_with(&pack->body, document_len) > p->bytes_max;
}

struct shipment *packing_begin(struct packing *p, const char *queue, int64_t now_ms)
{
	struct shipment *s = shipment_create(p->jobs_max);
	s->queue = xstrdup(queue);
	s->begun_ms = now_ms;
	list_append(&p->open, &s->link);
	return s;
}
