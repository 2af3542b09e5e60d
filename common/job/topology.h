/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists every exchange, queue and binding of Warren as a table of data. setup declares it and check
 * compares it. Pure. Names and arguments never change under one prefix. docs/design.md says why
 * each argument is there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/job/table.h"

#define TOPOLOGY_PREFIX_DEFAULT "warren.v1"
enum { TOPOLOGY_NAME_MAX = 256 };

enum topology_kind {
	TOPOLOGY_EXCHANGE,
	TOPOLOGY_QUEUE,
	TOPOLOGY_BIND_QUEUE,
	TOPOLOGY_BIND_EXCHANGE
};

struct topology_item {
	enum topology_kind kind;
	char *name;        /* exchange or queue; for a binding its destination */
	char *type;        /* type of an exchange; NULL otherwise */
	char *source;      /* source exchange of a binding */
	char *routing_key; /* routing key of a binding; "" for none */
	struct table arguments;
};

/* Items in an order in which each can be declared (exchanges, then queues, then bindings). */
struct topology {
	struct topology_item *items;
	size_t count;
	size_t cap;
};

/*
 * Fills *t with the items for a prefix and the queues, which are names as the user knows them
 * ("mail"). Returns -1 with ERROR_CONFIG if the prefix or a name is not valid.
 */
int topology_make(struct topology *t, const char *prefix, const char *const *queues, size_t count,
                  struct error *err);
/* Frees all items of t. */
void topology_finish(struct topology *t);

/*
 * Writes one line about an item to out, e.g. "queue warren.v1.q.mail (x-queue-type=quorum, ...)".
 * Returns out.
 */
char *topology_describe(const struct topology_item *item, char *out, size_t size);

/*
 * The names of exchanges and queues. Each function writes a name to out, which has
 * TOPOLOGY_NAME_MAX bytes, and returns out. P is the prefix.
 */
char *topology_jobs(const char *prefix, char *out);       /* P.jobs */
char *topology_dead(const char *prefix, char *out);       /* P.dead */
char *topology_unroutable(const char *prefix, char *out); /* P.unroutable: exchange and queue */
char *topology_queue(const char *prefix, const char *name, char *out); /* P.q.NAME */
char *topology_replies(const char *prefix, char *out);                 /* P.replies */
/* P.reply.NAME: the queue of a waiting producer */
char *topology_reply(const char *prefix, const char *name, char *out);
char *topology_dead_queue(const char *prefix, const char *name, char *out); /* P.q.NAME.dead */
char *topology_delay(const char *prefix, int level, char *out); /* P.delay.KK: exchange and queue */
