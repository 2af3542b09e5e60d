/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/targets.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

enum { CHANNEL = 1 };

struct known {
	char *queue;
	bool exists;
};

struct targets {
	const struct connection_settings *connection;
	struct broker *b;
	struct known *known;
	size_t count;
};

struct targets *targets_open(const struct connection_settings *c, struct error *err)
{
	struct broker *b = connect_broker(c, err);
	if (!b)
		return NULL;
	struct targets *t = xcalloc(1, sizeof *t);
	t->connection = c;
	t->b = b;
	return t;
}

void targets_close(struct targets *t)
{
	if (!t)
		return;
	broker_destroy(t->b, true);
	for (size_t i = 0; i < t->count; i++)
		free(t->known[i].queue);
	free(t->known);
	free(t);
}

/* Replaces the connection if it is broken, as one that was idle beyond its heartbeat is. */
static int ask(struct targets *t, const char *queue, bool *exists, struct error *err)
{
	char name[TOPOLOGY_NAME_MAX];
	struct broker_event ignored;
	if (broker_broken(t->b) || broker_read(t->b, 0, &ignored, err) < 0) {
		broker_destroy(t->b, false);
		t->b = connect_broker(t->connection, err);
		if (!t->b)
			return -1;
	}
	if (broker_open_channel(t->b, CHANNEL, false, err) < 0)
		return -1;
	bool found =
	    broker_inspect_queue(t->b, CHANNEL, topology_queue(t->connection->prefix, queue, name),
	                         NULL, NULL, err) == 0;
	if (broker_broken(t->b))
		return -1;
	*exists = found || err->cause == CAUSE_MAY_NOT_LOOK;
	return found ? broker_close_channel(t->b, CHANNEL, err) : 0;
}

static const struct known *find(const struct targets *t, const char *queue)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->known[i].queue, queue) == 0)
			return &t->known[i];
	return NULL;
}

int targets_missing(const char *queue, struct error *err)
{
	error_set(
	    err, ERROR_CONFIG,
	    "queue '%s' does not exist on this broker; create it with: warren-producer setup %s",
	    queue, queue);
	return error_because(err, CAUSE_NO_QUEUE);
}

int targets_check(struct targets *t, const char *queue, struct error *err)
{
	const struct known *k = find(t, queue);
	if (!k) {
		bool exists;
		if (ask(t, queue, &exists, err) < 0)
			return -1;
		t->known = xrealloc(t->known, t->count + 1, sizeof *t->known);
		t->known[t->count] = (struct known){xstrdup(queue), exists};
		k = &t->known[t->count++];
	}
	if (k->exists)
		return 0;
	return targets_missing(queue, err);
}
