/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/job/delay.h"
#include "common/job/job.h"
#include "common/base/memory.h"

/*
 * A limit that is never reached. Listing dead letters returns them, and before 4.3 every return
 * counts.
 */
enum { NEVER_REACHED = 1000000, DELIVERY_LIMIT = 50 };

/* ---- names ---- */

/*
 * Joins the parts by hand because printf is slow, and two names are made for each job that is
 * published. A name that is too long is cut.
 */
static char *join(char *out, const char *prefix, const char *middle, const char *name,
                  const char *rest)
{
	const char *const parts[] = {prefix, middle, name, rest};
	size_t used = 0;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!parts[i])
			abort(); /* settings_check has seen that there is a prefix */
		size_t len = strlen(parts[i]), room = TOPOLOGY_NAME_MAX - 1 - used;
		memcpy(out + used, parts[i], len < room ? len : room);
		used += len < room ? len : room;
	}
	out[used] = 0;
	return out;
}

static char *name_into(char *out, const char *prefix, const char *rest)
{
	return join(out, prefix, ".", rest, "");
}

char *topology_jobs(const char *prefix, char *out)
{
	return name_into(out, prefix, "jobs");
}

char *topology_dead(const char *prefix, char *out)
{
	return name_into(out, prefix, "dead");
}

char *topology_unroutable(const char *prefix, char *out)
{
	return name_into(out, prefix, "unroutable");
}

char *topology_replies(const char *prefix, char *out)
{
	return name_into(out, prefix, "replies");
}

char *topology_reply(const char *prefix, const char *name, char *out)
{
	return join(out, prefix, ".reply.", name, "");
}

char *topology_queue(const char *prefix, const char *name, char *out)
{
	return join(out, prefix, ".q.", name, "");
}

char *topology_dead_queue(const char *prefix, const char *name, char *out)
{
	return join(out, prefix, ".q.", name, ".dead");
}

char *topology_delay(const char *prefix, int level, char *out)
{
	snprintf(out, TOPOLOGY_NAME_MAX, "%s.delay.%02d", prefix, level);
	return out;
}

/* ---- items ---- */

/* Returns the arguments of the new item, valid until the next item is added. */
static struct table *add(struct topology *t, struct topology_item item)
{
	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		t->items = xrealloc(t->items, t->cap, sizeof *t->items);
	}
	t->items[t->count++] = item;
	return &t->items[t->count - 1].arguments;
}

static struct table *add_exchange(struct topology *t, const char *name, const char *type)
{
	return add(t, (struct topology_item){
	                  .kind = TOPOLOGY_EXCHANGE, .name = xstrdup(name), .type = xstrdup(type)});
}

static struct table *add_quorum_queue(struct topology *t, const char *name)
{
	struct table *arguments =
	    add(t, (struct topology_item){.kind = TOPOLOGY_QUEUE, .name = xstrdup(name)});
	table_set_string(arguments, "x-queue-type", "quorum");
	return arguments;
}

static struct table *add_binding(struct topology *t, enum topology_kind kind, const char *to,
                                 const char *from, const char *key)
{
	return add(t, (struct topology_item){.kind = kind,
	                                     .name = xstrdup(to),
	                                     .source = xstrdup(from),
	                                     .routing_key = xstrdup(key)});
}

static void with_alternate(struct table *arguments, const char *prefix)
{
	char unroutable[TOPOLOGY_NAME_MAX];
	table_set_string(arguments, "alternate-exchange", topology_unroutable(prefix, unroutable));
}

static void add_main_exchanges(struct topology *t, const char *p)
{
	char name[TOPOLOGY_NAME_MAX];
	add_exchange(t, topology_unroutable(p, name), "fanout");
	with_alternate(add_exchange(t, topology_jobs(p, name), "topic"), p);
	with_alternate(add_exchange(t, topology_dead(p, name), "topic"), p);
	add_exchange(t, name_into(name, p, "events"), "topic");
	add_exchange(t, name_into(name, p, "replies"), "direct");
	add_exchange(t, name_into(name, p, "control"), "fanout");
}

static char *next_exchange(const char *p, int level, char *out)
{
	snprintf(out, TOPOLOGY_NAME_MAX, "%s.delay.%02d.next", p, level);
	return out;
}

static void add_level_exchanges(struct topology *t, const char *p, int k)
{
	char name[TOPOLOGY_NAME_MAX];
	add_exchange(t, topology_delay(p, k, name), "topic");
	with_alternate(add_exchange(t, next_exchange(p, k, name), "headers"), p);
}

static void add_level_queue(struct topology *t, const char *p, int k)
{
	char name[TOPOLOGY_NAME_MAX], next[TOPOLOGY_NAME_MAX];
	struct table *a = add_quorum_queue(t, topology_delay(p, k, name));
	table_set_int(a, "x-message-ttl", (int64_t)DELAY_UNIT_MS << k);
	table_set_string(a, "x-dead-letter-exchange", next_exchange(p, k, next));
	table_set_string(a, "x-dead-letter-strategy", "at-least-once");
	table_set_string(a, "x-overflow", "reject-publish");
}

static void add_hop(struct topology *t, enum topology_kind kind, const char *to, const char *from,
                    int k, const char *word)
{
	char header[32];
	struct table *a = add_binding(t, kind, to, from, "");
	snprintf(header, sizeof header, "warren-%02d", k);
	table_set_string(a, "x-match", "all");
	table_set_string(a, header, word);
}

static void add_level_bindings(struct topology *t, const char *p, int k)
{
	char level[TOPOLOGY_NAME_MAX], next[TOPOLOGY_NAME_MAX], to[TOPOLOGY_NAME_MAX], word[16];
	topology_delay(p, k, level);
	next_exchange(p, k, next);
	add_binding(t, TOPOLOGY_BIND_QUEUE, level, level, "#");
	for (int j = 0; j < k; j++) {
		snprintf(word, sizeof word, "%02d", j);
		add_hop(t, TOPOLOGY_BIND_QUEUE, topology_delay(p, j, to), next, k, word);
	}
	add_hop(t, TOPOLOGY_BIND_EXCHANGE, topology_jobs(p, to), next, k, "out");
}

static void add_shared_queues(struct topology *t, const char *p)
{
	char name[TOPOLOGY_NAME_MAX];
	table_set_int(add_quorum_queue(t, topology_unroutable(p, name)), "x-delivery-limit",
	              NEVER_REACHED);
	/*
	 * A stream lets every worker read every cancel. It is bounded, because a cancel outlives
	 * its job.
	 */
	struct table *a =
	    add(t, (struct topology_item){.kind = TOPOLOGY_QUEUE,
	                                  .name = xstrdup(name_into(name, p, "cancel"))});
	table_set_string(a, "x-queue-type", "stream");
	table_set_string(a, "x-max-age", "7D");
}

static void add_job_queue(struct topology *t, const char *p, const char *name)
{
	char queue[TOPOLOGY_NAME_MAX], dead_queue[TOPOLOGY_NAME_MAX], dead[TOPOLOGY_NAME_MAX];
	topology_queue(p, name, queue);
	struct table *a = add_quorum_queue(t, queue);
	table_set_string(a, "x-overflow", "reject-publish");
	table_set_int(a, "x-delivery-limit", DELIVERY_LIMIT);
	table_set_string(a, "x-dead-letter-exchange", topology_dead(p, dead));
	table_set_string(a, "x-dead-letter-routing-key", queue);
	table_set_string(a, "x-dead-letter-strategy", "at-least-once");
	table_set_int(add_quorum_queue(t, topology_dead_queue(p, name, dead_queue)),
	              "x-delivery-limit", NEVER_REACHED);
}

static void add_job_queue_bindings(struct topology *t, const char *p, const char *name)
{
	char queue[TOPOLOGY_NAME_MAX], dead_queue[TOPOLOGY_NAME_MAX], exchange[TOPOLOGY_NAME_MAX];
	topology_queue(p, name, queue);
	add_binding(t, TOPOLOGY_BIND_QUEUE, queue, topology_jobs(p, exchange), queue);
	add_binding(t, TOPOLOGY_BIND_QUEUE, topology_dead_queue(p, name, dead_queue),
	            topology_dead(p, exchange), queue);
}

static int check_names(const char *prefix, const char *const *queues, size_t count,
                       struct error *err)
{
	if (!queue_name_valid(span_of(prefix)))
		return error_set(err, ERROR_CONFIG,
		                 "prefix '%.100s' must be 1 to 100 bytes of A-Za-z0-9._-", prefix);
	for (size_t i = 0; i < count; i++)
		if (!queue_name_valid(span_of(queues[i])))
			return error_set(err, ERROR_CONFIG,
			                 "queue name '%.100s' must be " QUEUE_NAME_FORM, queues[i]);
	return 0;
}

int topology_make(struct topology *t, const char *prefix, const char *const *queues, size_t count,
                  struct error *err)
{
	if (check_names(prefix, queues, count, err) < 0)
		return -1;
	*t = (struct topology){0};
	char unroutable[TOPOLOGY_NAME_MAX], name[TOPOLOGY_NAME_MAX], from[TOPOLOGY_NAME_MAX];
	add_main_exchanges(t, prefix);
	for (int k = 0; k < DELAY_LEVELS; k++)
		add_level_exchanges(t, prefix, k);
	add_shared_queues(t, prefix);
	for (int k = 0; k < DELAY_LEVELS; k++)
		add_level_queue(t, prefix, k);
	for (size_t i = 0; i < count; i++)
		add_job_queue(t, prefix, queues[i]);

	topology_unroutable(prefix, unroutable);
	add_binding(t, TOPOLOGY_BIND_QUEUE, unroutable, unroutable, "");
	add_binding(t, TOPOLOGY_BIND_QUEUE, name_into(name, prefix, "cancel"),
	            name_into(from, prefix, "control"), "");
	for (int k = 0; k < DELAY_LEVELS; k++)
		add_level_bindings(t, prefix, k);
	for (size_t i = 0; i < count; i++)
		add_job_queue_bindings(t, prefix, queues[i]);
	return 0;
}

void topology_finish(struct topology *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct topology_item *item = &t->items[i];
		free(item->name);
		free(item->type);
		free(item->source);
		free(item->routing_key);
		table_finish(&item->arguments);
	}
	free(t->items);
	*t = (struct topology){0};
}

static void describe_arguments(struct buf *b, const struct table *arguments)
{
	for (size_t i = 0; i < arguments->count; i++) {
		const struct entry *e = &arguments->entries[i];
		buf_printf(b, "%s%s=", i ? ", " : " (", e->name);
		if (e->value.kind == 'S')
			buf_append_text(b, e->value.str.data);
		else
			buf_printf(b, "%lld", (long long)e->value.i);
	}
	if (arguments->count > 0)
		buf_append_text(b, ")");
}

char *topology_describe(const struct topology_item *item, char *out, size_t size)
{
	struct buf b = {0};
	switch (item->kind) {
	case TOPOLOGY_EXCHANGE:
		buf_printf(&b, "exchange %s %s", item->name, item->type);
		break;
	case TOPOLOGY_QUEUE:
		buf_printf(&b, "queue %s", item->name);
		break;
	case TOPOLOGY_BIND_QUEUE:
	case TOPOLOGY_BIND_EXCHANGE:
		buf_printf(&b, "binding %s -> %s", item->source, item->name);
		if (*item->routing_key)
			buf_printf(&b, " key %s", item->routing_key);
		break;
	}
	describe_arguments(&b, &item->arguments);
	snprintf(out, size, "%s", b.data ? b.data : "");
	buf_finish(&b);
	return out;
}
