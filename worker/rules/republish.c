/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rules/republish.h"

#include "common/job/delay.h"
#include "common/base/memory.h"

static struct delay_route route_of(const struct fate *fate)
{
	uint32_t units = delay_units(fate->delay_ms);
	return delay_route(fate->exact ? units : delay_round_backoff(units));
}

bool republish_make(struct republish *out, const struct republish_source *s, const char *prefix,
                    struct headers_room room)
{
	const struct message *original = s->original;
	const struct fate *fate = s->fate;
	struct delay_route route = {.count = 0};
	struct bookkeeping b;
	bookkeeping_copy(&b, s->book);
	b.republished++;
	if (fate->kind == FATE_RING) {
		route = route_of(fate);
	} else {
		free_pointer(&b.box);
		b.box = xstrdup(s->box);
	}
	struct table headers = {0};
	bool fits = headers_write_within(original, &b, &route, room, &headers);
	bookkeeping_finish(&b);
	if (!fits)
		return false;

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

	out->message = m;
	topology_queue(prefix, s->queue, out->key);
	if (fate->kind == FATE_DEAD)
		topology_dead(prefix, out->exchange);
	else if (route.count == 0)
		topology_jobs(prefix, out->exchange);
	else
		topology_delay(prefix, route.hops[0].level, out->exchange);
	return true;
}
