/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/outbound.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/memory.h"
#include "common/job/pack.h"

static void to_queue(struct outbound *out, const char *prefix, const char *queue)
{
	topology_jobs(prefix, out->exchange);
	topology_queue(prefix, queue, out->key);
}

/* The routing key stays the queue's name all the way through the ring. */
static void to_ring(struct outbound *out, const char *prefix, const char *queue,
                    const struct delay_route *route)
{
	to_queue(out, prefix, queue);
	if (route->count > 0)
		topology_delay(prefix, route->hops[0].level, out->exchange);
}

/* ---- new jobs ---- */

static struct message *new_message(const char *content_type, const char *id, int64_t now_ms,
                                   const struct delay_route *route)
{
	const struct bookkeeping fresh = {.attempt = 1, .first_failed_at_ms = CLOCK_NEVER};
	const struct message blank = {0};
	struct message *m = message_create();
	m->content_type = xstrdup(content_type);
	m->app_id = xstrdup(HEADERS_APP_ID);
	m->message_id = xstrdup(id);
	m->timestamp_s = now_ms / 1000;
	headers_write(&blank, &fresh, route, &m->headers);
	return m;
}

struct outbound outbound_job(const char *prefix, const char *queue, const struct job *j,
                             struct span document, int64_t now_ms)
{
	struct outbound out;
	int64_t ahead_ms = j->not_before_ms == CLOCK_NEVER ? 0 : j->not_before_ms - now_ms;
	struct delay_route route = delay_route(delay_units(ahead_ms));
	out.message = new_message(HEADERS_CONTENT_TYPE, j->id, now_ms, &route);
	out.message->type = xstrdup(j->type);
	message_set_body(out.message, document.at, document.len);
	to_ring(&out, prefix, queue, &route);
	return out;
}

struct outbound outbound_pack(const char *prefix, const char *queue, struct buf *body,
                              int64_t now_ms)
{
	struct outbound out;
	char id[JOB_UUID_SIZE];
	const struct delay_route at_once = {.count = 0};
	out.message = new_message(PACK_CONTENT_TYPE, job_make_uuid7(now_ms, id), now_ms, &at_once);
	out.message->body = buf_steal(body, &out.message->body_len);
	to_queue(&out, prefix, queue);
	return out;
}

/* ---- answers ---- */

struct outbound outbound_answer(const char *prefix, const char *reply_to,
                                const char *correlation_id, char *message_id, struct buf *body)
{
	struct outbound out = {.message = message_create()};
	struct message *m = out.message;
	m->content_type = xstrdup(HEADERS_CONTENT_TYPE);
	m->app_id = xstrdup(HEADERS_APP_ID);
	m->correlation_id = xstrdup(correlation_id);
	m->message_id = message_id;
	m->body = buf_steal(body, &m->body_len);
	topology_replies(prefix, out.exchange);
	snprintf(out.key, sizeof out.key, "%s", reply_to);
	return out;
}

/* ---- jobs that came as a message ---- */

static struct message *same_job(const struct outbound_source *s, struct table headers)
{
	const struct message *original = s->original;
	struct message *m = message_create();
	m->content_type = xstrdup(original->content_type);
	m->message_id = xstrdup(s->id);
	m->type = xstrdup(s->type ? s->type : original->type);
	m->app_id = xstrdup(HEADERS_APP_ID);
	m->reply_to = xstrdup(original->reply_to);
	m->correlation_id = xstrdup(original->correlation_id);
	m->timestamp_s = original->timestamp_s;
	m->headers = headers;
	message_set_body(m, original->body, original->body_len);
	return m;
}

bool outbound_again(struct outbound *out, const struct outbound_source *s, uint32_t units)
{
	struct delay_route route = delay_route(units);
	struct bookkeeping book = *s->book; /* borrows its texts */
	struct table headers = {0};
	book.republished++;
	if (!headers_write_within(s->original, &book, &route, s->room, &headers))
		return false;
	out->message = same_job(s, headers);
	to_ring(out, s->prefix, s->queue, &route);
	return true;
}

bool outbound_dead(struct outbound *out, const struct outbound_source *s, const char *box)
{
	const struct delay_route none = {.count = 0};
	struct bookkeeping book = *s->book; /* borrows its texts */
	struct table headers = {0};
	book.republished++;
	book.box = (char *)box; /* only read */
	if (!headers_write_within(s->original, &book, &none, s->room, &headers))
		return false;
	out->message = same_job(s, headers);
	topology_dead(s->prefix, out->exchange);
	topology_queue(s->prefix, s->queue, out->key);
	return true;
}

bool outbound_replay(struct outbound *out, const char *prefix, const char *key,
                     const struct message *letter, const struct bookkeeping *book)
{
	const struct bookkeeping fresh = {.attempt = 1,
	                                  .first_failed_at_ms = CLOCK_NEVER,
	                                  .replays = book->replays + 1,
	                                  .republished = book->republished + 1};
	struct table headers = {0};
	if (!headers_write(letter, &fresh, NULL, &headers))
		return false;
	struct message *m = message_copy(letter);
	table_finish(&m->headers);
	m->headers = headers;
	free(m->app_id);
	m->app_id = xstrdup(HEADERS_APP_ID);
	out->message = m;
	topology_jobs(prefix, out->exchange);
	snprintf(out->key, sizeof out->key, "%s", key);
	return true;
}
