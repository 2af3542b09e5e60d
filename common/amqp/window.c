/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/window.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

static void publish_free(struct publish *p)
{
	list_remove(&p->link);
	list_remove(&p->by_deadline);
	message_destroy(p->message);
	free(p->returned);
	free(p->exchange);
	free(p->key);
	free(p);
}

static struct publish *publish_of(struct list *link)
{
	return list_item(link, struct publish, link);
}

void window_init(struct window *w, window_end_fn *end, void *data)
{
	list_init(&w->unsent);
	list_init(&w->sent);
	list_init(&w->expiring);
	w->end = end;
	w->data = data;
}

void window_finish(struct window *w)
{
	window_rewind(w);
	while (!list_empty(&w->unsent))
		publish_free(publish_of(w->unsent.next));
}

static struct publish *expiring_of(struct list *link)
{
	return list_item(link, struct publish, by_deadline);
}

/* Searches from the end, because deadlines mostly grow. */
static void queue_deadline(struct window *w, struct publish *p)
{
	struct list *before = w->expiring.prev;
	list_init(&p->by_deadline);
	if (p->deadline_at_ms == INT64_MAX)
		return;
	while (before != &w->expiring && expiring_of(before)->deadline_at_ms > p->deadline_at_ms)
		before = before->prev;
	list_insert(before, &p->by_deadline);
}

void window_add(struct window *w, uint64_t token, const char *exchange, const char *key,
                struct message *message, int64_t deadline_at_ms)
{
	struct publish *p = xcalloc(1, sizeof *p);
	p->token = token;
	p->deadline_at_ms = deadline_at_ms;
	p->exchange = xstrdup(exchange);
	p->key = xstrdup(key);
	p->message = message;
	list_append(&w->unsent, &p->link);
	queue_deadline(w, p);
}

struct publish *window_next(struct window *w)
{
	return list_empty(&w->unsent) ? NULL : publish_of(w->unsent.next);
}

void window_wrote(struct window *w, struct publish *p, uint64_t tag)
{
	p->tag = tag;
	list_remove(&p->link);
	list_append(&w->sent, &p->link);
}

static void finish_one(struct window *w, struct publish *p, enum window_end end,
                       const struct error *why)
{
	w->end(w->data, p->token, end, why);
	publish_free(p); /* why may be p's own */
}

void window_unfit(struct window *w, struct publish *p, const struct error *why)
{
	finish_one(w, p, WINDOW_UNFIT, why);
}

bool window_oversized(struct window *w, size_t body_size, const struct error *why)
{
	for (struct list *pos = w->sent.next; pos != &w->sent; pos = pos->next) {
		struct publish *p = publish_of(pos);
		if (p->message->body_len != body_size)
			continue;
		window_unfit(w, p, why);
		return true;
	}
	return false;
}

void window_refuse_exchange(struct window *w, struct span exchange, const struct error *why)
{
	struct list *pos, *tmp;
	list_for_each (pos, tmp, &w->sent) {
		struct publish *p = publish_of(pos);
		if (strlen(p->exchange) == exchange.len &&
		    memcmp(p->exchange, exchange.at, exchange.len) == 0)
			finish_one(w, p, WINDOW_NACKED, why);
	}
}

/* Returns one of the sent publishes that an answer covers, or NULL when there are no more. */
static struct publish *covered(struct window *w, uint64_t tag, bool multiple)
{
	for (struct list *pos = w->sent.next; pos != &w->sent; pos = pos->next) {
		struct publish *p = publish_of(pos);
		if (p->tag > tag)
			return NULL;
		if (multiple || p->tag == tag)
			return p;
	}
	return NULL;
}

void window_acked(struct window *w, uint64_t tag, bool multiple)
{
	struct publish *p;
	while ((p = covered(w, tag, multiple)))
		finish_one(w, p, p->returned ? WINDOW_RETURNED : WINDOW_CONFIRMED, p->returned);
}

bool window_nacked(struct window *w, uint64_t tag, bool multiple)
{
	struct publish *p;
	bool again = false;
	while ((p = covered(w, tag, multiple))) {
		if (++p->nacks >= WINDOW_NACKS_MAX) {
			finish_one(w, p, WINDOW_NACKED, p->returned);
			continue;
		}
		again = true;
		p->tag = 0;
		free(steal_ptr(p->returned));
		list_remove(&p->link);
		list_append(&w->unsent, &p->link);
	}
	return again;
}

static bool same_id(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

void window_returned(struct window *w, const char *message_id, const char *text)
{
	for (struct list *pos = w->sent.next; pos != &w->sent; pos = pos->next) {
		struct publish *p = publish_of(pos);
		if (p->returned || !same_id(p->message->message_id, message_id))
			continue;
		p->returned = xcalloc(1, sizeof *p->returned);
		error_set(p->returned, ERROR_FAILED, "%s", text);
		return;
	}
}

int64_t window_expire(struct window *w, int64_t now_ms)
{
	while (!list_empty(&w->expiring)) {
		struct publish *p = expiring_of(w->expiring.next);
		if (p->deadline_at_ms > now_ms)
			return p->deadline_at_ms;
		finish_one(w, p, WINDOW_TIMEDOUT, p->returned);
	}
	return INT64_MAX;
}

void window_rewind(struct window *w)
{
	struct list all;
	list_init(&all);
	for (struct list *pos = w->sent.next; pos != &w->sent; pos = pos->next) {
		struct publish *p = publish_of(pos);
		p->tag = 0;
		free(steal_ptr(p->returned));
	}
	list_append_all(&all, &w->sent);
	list_append_all(&all, &w->unsent);
	list_append_all(&w->unsent, &all);
}
