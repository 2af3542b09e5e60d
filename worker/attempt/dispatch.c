/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/attempt/dispatch.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "worker/handlers/kinds.h"

enum { PAUSE_BASE_MS = 1000, PAUSE_MAX_MS = 60000, CRASHES_MAX = 5 };

struct candidate {
	struct handler *handler;
	int64_t paused_until_ms; /* monotonic */
	int64_t pause_ms;        /* of the last pause; 0 when the handler is not paused */
	unsigned crashes;        /* in a row */
	int64_t running;
};

struct dispatch {
	struct candidate *candidates; /* in the order of the settings; the first match wins */
	size_t count;
};

struct dispatch *dispatch_create(void)
{
	return xcalloc(1, sizeof(struct dispatch));
}

int dispatch_open(struct dispatch *d, uv_loop_t *loop, struct guardian *g,
                  const struct worker_settings *s, struct error *err)
{
	d->candidates = xcalloc(s->handler_count ? s->handler_count : 1, sizeof *d->candidates);
	for (size_t i = 0; i < s->handler_count; i++) {
		d->candidates[i].handler = kinds_open(loop, g, s, &s->handlers[i], err);
		if (!d->candidates[i].handler)
			return -1;
		d->count++;
	}
	return 0;
}

void dispatch_stop(struct dispatch *d)
{
	for (size_t i = 0; i < d->count; i++)
		handler_stop(d->candidates[i].handler);
}

bool dispatch_stopped(const struct dispatch *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (!handler_stopped(d->candidates[i].handler))
			return false;
	return true;
}

void dispatch_destroy(struct dispatch *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->count; i++)
		handler_destroy(d->candidates[i].handler);
	free(d->candidates);
	free(d);
}

static bool is_full(const struct candidate *c)
{
	const struct handler *h = c->handler;
	if (h->settings->concurrency != SETTINGS_UNSET && c->running >= h->settings->concurrency)
		return true;
	return h->kind->full && h->kind->full(h);
}

/* Asks the clock only about a handler that has failed, because this is called before every job. */
static bool is_paused(const struct candidate *c)
{
	return c->pause_ms > 0 && clock_monotonic_ms() < c->paused_until_ms;
}

struct dispatch_choice dispatch_choose(struct dispatch *d, const char *type)
{
	for (size_t i = 0; i < d->count; i++) {
		struct candidate *c = &d->candidates[i];
		if (job_type_matches(c->handler->settings->type, type))
			return (struct dispatch_choice){.handler = c->handler,
			                                .full = is_full(c),
			                                .paused = is_paused(c),
			                                .paused_until_ms = c->paused_until_ms};
	}
	return (struct dispatch_choice){0};
}

static struct candidate *candidate_of(struct dispatch *d, const struct handler *h)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->candidates[i].handler == h)
			return &d->candidates[i];
	abort();
}

int64_t dispatch_unrunnable(struct dispatch *d, struct handler *h)
{
	struct candidate *c = candidate_of(d, h);
	int64_t now_ms = clock_monotonic_ms();
	if (c->pause_ms > 0 && now_ms < c->paused_until_ms)
		return c->paused_until_ms -
		       now_ms; /* jobs that were in flight together count as one strike */
	c->pause_ms = c->pause_ms ? c->pause_ms * 2 : PAUSE_BASE_MS;
	if (c->pause_ms > PAUSE_MAX_MS)
		c->pause_ms = PAUSE_MAX_MS;
	c->paused_until_ms = now_ms + c->pause_ms;
	return c->pause_ms;
}

int64_t dispatch_crashed(struct dispatch *d, struct handler *h)
{
	struct candidate *c = candidate_of(d, h);
	if (!h->kind->long_lived || ++c->crashes < CRASHES_MAX)
		return 0;
	return dispatch_unrunnable(d, h);
}

bool dispatch_ran(struct dispatch *d, struct handler *h)
{
	struct candidate *c = candidate_of(d, h);
	bool was_paused = c->pause_ms > 0;
	c->pause_ms = 0;
	c->crashes = 0;
	return was_paused;
}

void dispatch_begins(struct dispatch *d, struct handler *h)
{
	candidate_of(d, h)->running++;
}

void dispatch_ended(struct dispatch *d, struct handler *h)
{
	candidate_of(d, h)->running--;
}

void dispatch_flush(struct dispatch *d)
{
	for (size_t i = 0; i < d->count; i++) {
		struct handler *h = d->candidates[i].handler;
		if (h->kind->flush)
			h->kind->flush(h);
	}
}

bool dispatch_retire(struct dispatch *d)
{
	bool none_left = true;
	for (size_t i = 0; i < d->count; i++) {
		struct handler *h = d->candidates[i].handler;
		if (h->kind->retire && !h->kind->retire(h))
			none_left = false;
	}
	return none_left;
}
