/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/batch_packs.h"

#include <string.h>

#include "common/base/memory.h"
#include "common/job/pack.h"

void batch_packs_init(struct batch_packs *p, size_t jobs_max, size_t bytes_max)
{
	*p = (struct batch_packs){.jobs_max = jobs_max, .bytes_max = bytes_max};
	list_init(&p->open);
}

void batch_packs_finish(struct batch_packs *p)
{
	while (!list_empty(&p->open))
		batch_message_destroy(list_item(p->open.next, struct batch_message, link));
}

bool batch_packs_take(const struct batch_packs *p, size_t document_len)
{
	const struct buf empty = {0};
	return p->jobs_max > 1 && pack_size_with(&empty, document_len) <= p->bytes_max;
}

struct batch_message *batch_packs_find(struct batch_packs *p, const char *queue)
{
	struct list *pos, *next;
	list_for_each (pos, next, &p->open) {
		struct batch_message *pack = list_item(pos, struct batch_message, link);
		if (strcmp(pack->queue, queue) == 0)
			return pack;
	}
	return NULL;
}

bool batch_packs_full(const struct batch_packs *p, const struct batch_message *pack,
                      size_t document_len)
{
	return pack->count >= p->jobs_max ||
	       pack_size_with(&pack->body, document_len) > p->bytes_max;
}

struct batch_message *batch_packs_begin(struct batch_packs *p, struct batch *batch,
                                        const char *queue, int64_t now_ms)
{
	struct batch_message *pack = batch_message_create(batch, p->jobs_max);
	pack->queue = xstrdup(queue);
	pack->begun_ms = now_ms;
	list_append(&p->open, &pack->link);
	return pack;
}
