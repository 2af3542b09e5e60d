/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/depths.h"

#include <stdlib.h>
#include <string.h>

#include "common/job/job.h"
#include "common/base/memory.h"
#include "common/job/topology.h"

enum { CHANNEL = 1 };

static struct depth *add(struct depths *d, const char *name, bool configured)
{
	d->queues = xrealloc(d->queues, d->count + 1, sizeof *d->queues);
	d->queues[d->count] = (struct depth){.name = xstrdup(name),
	                                     .configured = configured,
	                                     .unacked = -1,
	                                     .bytes = -1,
	                                     .in_per_s = -1,
	                                     .out_per_s = -1};
	return &d->queues[d->count++];
}

/* ---- over AMQP ---- */

/* A queue that does not exist closes the channel. This is no error here, and the next call opens
 * the channel again. */
static int inspect(struct broker *b, const char *queue, bool *exists, int64_t *ready,
                   int64_t *consumers, struct error *err)
{
	uint32_t have_ready = 0, have_consumers = 0;
	if (broker_open_channel(b, CHANNEL, false, err) < 0)
		return -1;
	*exists = broker_inspect_queue(b, CHANNEL, queue, &have_ready, &have_consumers, err) == 0;
	*ready = have_ready;
	*consumers = have_consumers;
	if (broker_broken(b))
		return -1;
	return *exists ? broker_close_channel(b, CHANNEL, err) : 0;
}

static int inspect_all(struct depths *d, struct broker *b, const char *prefix, struct error *err)
{
	char name[TOPOLOGY_NAME_MAX];
	int64_t ignored;
	bool exists;
	for (size_t i = 0; i < d->count; i++) {
		struct depth *q = &d->queues[i];
		if (inspect(b, topology_queue(prefix, q->name, name), &q->exists, &q->ready,
		            &q->consumers, err) < 0 ||
		    inspect(b, topology_dead_queue(prefix, q->name, name), &exists, &q->dead,
		            &ignored, err) < 0)
			return -1;
	}
	for (int k = 0; k < DELAY_LEVELS; k++) {
		if (inspect(b, topology_delay(prefix, k, name), &exists, &d->levels[k], &ignored,
		            err) < 0)
			return -1;
		d->delayed += d->levels[k];
	}
	return inspect(b, topology_unroutable(prefix, name), &exists, &d->unroutable, &ignored,
	               err);
}

/* ---- from the management API ---- */

static int64_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	return json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
}

/* A queue where nothing has happened yet has no statistics. Its rate is 0. */
static double rate(const json_t *queue, const char *details)
{
	const json_t *of = json_object_get(json_object_get(queue, "message_stats"), details);
	return json_number_value(json_object_get(of, "rate"));
}

static struct depth *find(struct depths *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->queues[i].name, name) == 0)
			return &d->queues[i];
	return NULL;
}

/* Returns NAME of "P.q.NAME", or NULL if the queue is no job queue of this prefix. */
static const char *job_queue_name(const char *prefix, const char *amqp_name)
{
	size_t len = strlen(prefix);
	if (strncmp(amqp_name, prefix, len) != 0 || strncmp(amqp_name + len, ".q.", 3) != 0)
		return NULL;
	const char *name = amqp_name + len + 3;
	return queue_name_valid(span_of(name)) ? name : NULL;
}

static void add_from_api(struct depths *d, const char *prefix, json_t *api, bool all)
{
	size_t i;
	json_t *queue;
	json_array_foreach(api, i, queue)
	{
		const char *amqp_name = json_string_value(json_object_get(queue, "name"));
		const char *name = amqp_name ? job_queue_name(prefix, amqp_name) : NULL;
		struct depth *q = name ? find(d, name) : NULL;
		if (name && !q && all)
			q = add(d, name, false);
		if (!q)
			continue;
		q->unacked = number(queue, "messages_unacknowledged");
		q->bytes = number(queue, "message_bytes");
		q->in_per_s = rate(queue, "publish_details");
		q->out_per_s = rate(queue, "ack_details");
	}
}

int depths_read(struct depths *d, struct broker *b, const struct depths_query *q, struct error *err)
{
	*d = (struct depths){.from_api = q->api != NULL};
	for (size_t i = 0; i < q->queue_count; i++)
		add(d, q->queues[i], true);
	add_from_api(d, q->prefix, q->api, q->all);
	if (inspect_all(d, b, q->prefix, err) == 0)
		return 0;
	depths_finish(d);
	return -1;
}

void depths_finish(struct depths *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->queues[i].name);
	free(d->queues);
	*d = (struct depths){0};
}
