/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/guardian/confine.h"
#include "worker/handlers/resident.h"
#include "worker/handlers/words.h"

enum { RESTART_BASE_MS = 100, RESTART_MAX_MS = 10000 };

/*
 * A job that no process could take when it came. All of them hold a job with the same id, or the
 * last process has just ended, maybe with this job waiting in it.
 */
struct held {
	struct list link; /* pool::held */
	struct run *run;
	bool stopped;
};

struct pool {
	struct handler *handler;
	char *program, **words;
	bool stdio;
	struct spawn_limits limits;
	struct resident **residents;
	size_t count, max;
	struct list held;
	uv_timer_t
	    timer; /* for the pause before a restart, and to report a held job that was stopped */
	unsigned barren; /* processes that ended one after another without having finished a job */
	int64_t not_before_ms;
};

static void place_held(struct pool *p);

static void on_time(uv_timer_t *timer)
{
	place_held(timer->data);
}

static void wake_at(struct pool *p, int64_t at_ms)
{
	int64_t now_ms = clock_monotonic_ms();
	uv_timer_start(&p->timer, on_time, at_ms > now_ms ? (uint64_t)(at_ms - now_ms) : 0, 0);
}

/* ---- processes ---- */

static void on_room(void *data)
{
	struct pool *p = data;
	if (!list_empty(&p->held))
		wake_at(p, 0); /* later, because this is inside the end of another job */
}

/* Keeps the run until place_held finds a process for it. */
static void hold(struct pool *p, struct run *run)
{
	struct held *h = xcalloc(1, sizeof *h);
	h->run = run;
	h->stopped = run->stopped_why != NULL; /* then it must not begin any more */
	list_append(&p->held, &h->link);
	wake_at(p, h->stopped ? 0 : p->not_before_ms);
}

static void on_unbegun(void *data, struct run *run)
{
	hold(data, run);
}

static void on_ended(void *data, struct resident *r, bool productive, int unstarted)
{
	struct pool *p = data;
	for (size_t i = 0; i < p->count; i++)
		if (p->residents[i] == r)
			p->residents[i--] = p->residents[--p->count];
	p->barren = productive && !unstarted ? 0 : p->barren + 1;
	if (p->barren > 0) {
		int64_t pause_ms = (int64_t)RESTART_BASE_MS << (p->barren < 8 ? p->barren - 1 : 7);
		p->not_before_ms =
		    clock_monotonic_ms() + (pause_ms < RESTART_MAX_MS ? pause_ms : RESTART_MAX_MS);
	}
	wake_at(p, p->not_before_ms);
}

static bool may_grow(const struct pool *p)
{
	return p->count < p->max && clock_monotonic_ms() >= p->not_before_ms;
}

static struct resident *grow(struct pool *p)
{
	const struct resident_spec spec = {.handler = p->handler,
	                                   .program = p->program,
	                                   .words = p->words,
	                                   .stdio = p->stdio,
	                                   .limits = &p->limits};
	const struct resident_events events = {
	    .room = on_room, .unbegun = on_unbegun, .ended = on_ended, .data = p};
	struct resident *r = resident_create(&spec, &events);
	p->residents[p->count++] = r;
	return r;
}

/* Returns an idle process, else a new one, else the one that has least to do. */
static struct resident *choose(struct pool *p, const char *id)
{
	struct resident *best = NULL;
	for (size_t i = 0; i < p->count; i++)
		if (resident_takes(p->residents[i], id) &&
		    (!best || resident_in_flight(p->residents[i]) < resident_in_flight(best)))
			best = p->residents[i];
	if (best && resident_in_flight(best) == 0)
		return best;
	if (may_grow(p))
		return grow(p);
	return best;
}

/* ---- jobs ---- */

static struct run *take_held(struct held *h)
{
	struct run *run = h->run;
	list_remove(&h->link);
	free(h);
	run->state = NULL;
	return run;
}

static void end_held(struct held *h)
{
	struct run_report report = run_report_blank;
	report.verdict = VERDICT_RETURNED;
	report.wall_ms = 0;
	snprintf(report.error, sizeof report.error, "the job had not reached a handler process");
	struct run *run = take_held(h);
	run->done(run, &report);
}

static void place_held(struct pool *p)
{
	struct list *pos, *next;
	list_for_each (pos, next, &p->held) {
		struct held *h = list_item(pos, struct held, link);
		struct resident *r = h->stopped ? NULL : choose(p, h->run->request.job->id);
		if (h->stopped) {
			end_held(h);
		} else if (r) {
			resident_run(r, take_held(h));
		}
	}
	if (!list_empty(&p->held) && clock_monotonic_ms() < p->not_before_ms)
		wake_at(p, p->not_before_ms);
}

bool pool_full(const struct handler *h)
{
	const struct pool *p = h->state;
	if (!list_empty(&p->held))
		return true;
	for (size_t i = 0; i < p->count; i++)
		if (resident_has_room(p->residents[i]))
			return false;
	return !may_grow(p);
}

void pool_start(struct handler *handler, struct run *run)
{
	struct pool *p = handler->state;
	struct resident *r = choose(p, run->request.job->id);
	if (r) {
		resident_run(r, run);
		return;
	}
	hold(p, run);
}

void pool_stop(struct run *run, enum run_stop how)
{
	struct pool *p = run->handler->state;
	struct list *pos;
	for (pos = p->held.next; pos != &p->held; pos = pos->next) {
		struct held *h = list_item(pos, struct held, link);
		if (h->run != run)
			continue;
		h->stopped = true;
		wake_at(p, 0);
		return;
	}
	resident_stop(run, how);
}

/* ---- life ---- */

int pool_open(struct handler *h, char *program, char **words, bool stdio, struct error *err)
{
	struct pool *p = xcalloc(1, sizeof *p);
	*p = (struct pool){.handler = h, .program = program, .words = words, .stdio = stdio};
	if (confine_read(h->settings, program, &p->limits, err) < 0) {
		words_free(words);
		free(program);
		free(p);
		return -1;
	}
	p->max = (size_t)(h->settings->children != SETTINGS_UNSET ? h->settings->children
	                                                          : h->worker->slots);
	p->residents = xcalloc(
	    p->max, sizeof *p->residents); /* NOLINT(bugprone-sizeof-expression): pointers */
	list_init(&p->held);
	uv_timer_init(h->loop, &p->timer);
	p->timer.data = p;
	handler_hold(h);
	h->state = p;
	return 0;
}

void pool_free(struct handler *h)
{
	struct pool *p = h->state;
	words_free(p->words);
	free(p->program);
	free(p->residents);
	free(p);
}

void pool_flush(struct handler *h)
{
	struct pool *p = h->state;
	for (size_t i = 0; i < p->count; i++)
		resident_flush(p->residents[i]);
}

bool pool_retire(struct handler *h)
{
	struct pool *p = h->state;
	for (size_t i = 0; i < p->count; i++)
		resident_retire(p->residents[i]);
	return p->count == 0;
}

static void on_timer_closed(uv_handle_t *timer)
{
	struct pool *p = timer->data;
	handler_release(p->handler);
}

void pool_close(struct handler *h)
{
	struct pool *p = h->state;
	while (p->count > 0)
		resident_close(p->residents[--p->count]);
	while (!list_empty(&p->held))
		take_held(list_item(p->held.next, struct held, link));
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}
