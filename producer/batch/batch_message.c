/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/batch_message.h"

#include <stdlib.h>

#include "common/base/memory.h"

struct batch_message *batch_message_create(struct batch *batch, size_t lines)
{
	struct batch_message *m = xcalloc(1, sizeof *m + lines * sizeof *m->lines);
	m->batch = batch;
	list_init(&m->link);
	return m;
}

void batch_message_add(struct batch_message *m, struct batch_message_line line)
{
	m->lines[m->count++] = line;
}

void batch_message_destroy(struct batch_message *m)
{
	list_remove(&m->link);
	for (size_t i = 0; i < m->count; i++)
		free(m->lines[i].id);
	free(m->queue);
	buf_finish(&m->body);
	free(m);
}
