/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/flights.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/memory.h"

enum { IN_FLIGHT_MAX = 1000 };

static void note_first(struct flights *f, uint64_t now_ns)
{
	f->first_since_ns = now_ns;
	f->first_since_ms = uv_now(f->loop);
}

void flights_init(struct flights *f, uv_loop_t *loop)
{
	*f = (struct flights){.loop = loop, .capacity = 1};
	list_init(&f->all);
}

void flights_ready(struct flights *f, int64_t capacity, bool in_turn)
{
	f->capacity = capacity > IN_FLIGHT_MAX ? IN_FLIGHT_MAX : (unsigned)capacity;
	f->in_turn = f->in_turn || in_turn;
	/* The time that the process took to start is no work of the job that it was started for. */
	note_first(f, uv_hrtime());
}

unsigned flights_room(const struct flights *f)
{
	if (!f->in_turn)
		return f->capacity;
	if (f->count > 0 && uv_now(f->loop) - f->first_since_ms > PACE_AHEAD_MS)
		return 1; /* the one that runs is a long one: nothing more behind it */
	unsigned ahead = pace_jobs_ahead(&f->pace);
	return ahead < f->capacity ? ahead : f->capacity;
}

static void forget_alone(struct flights *f)
{
	for (struct list *pos = f->all.next; pos != &f->all; pos = pos->next)
		list_item(pos, struct flight, link)->alone = false;
}

/* The process's usage before the job is worth a look only if nobody will tell. */
static void note_usage(struct flight *f, pid_t pid)
{
	if (f->flights->tells_usage)
		f->alone = false;
	else if (!f->alone)
		forget_alone(f->flights);
	else if (pid > 0 && !process_usage_read(pid, &f->before))
		f->alone = false;
}

struct flight *flights_add(struct flights *all, struct run *run, pid_t pid)
{
	struct flight *f = xcalloc(1, sizeof *f);
	*f = (struct flight){.flights = all,
	                     .run = run,
	                     .id_hash = hash_bytes(span_of(run->request.job->id)),
	                     .started_ns = uv_hrtime(),
	                     .alone = all->count == 0};
	bool had_waited = run->waiting;
	run->waiting = all->in_turn && !f->alone;
	if (all->in_turn && f->alone)
		note_first(all, f->started_ns);
	if (had_waited && !run->waiting && run->began)
		run->began(run);
	note_usage(f, pid);
	list_append(&all->all, &f->link);
	all->count++;
	run->state = f;
	return f;
}

struct flight *flights_find(const struct flights *all, const char *id)
{
	uint64_t hash = hash_bytes(span_of(id));
	for (struct list *pos = all->all.next; pos != &all->all; pos = pos->next) {
		struct flight *f = list_item(pos, struct flight, link);
		if (f->id_hash == hash && strcmp(f->run->request.job->id, id) == 0)
			return f;
	}
	return NULL;
}

struct flight *flights_first(const struct flights *f)
{
	return list_empty(&f->all) ? NULL : list_item(f->all.next, struct flight, link);
}

struct run *flights_take(struct flight *f)
{
	struct run *run = f->run;
	f->flights->count--;
	list_remove(&f->link);
	free(f);
	run->state = NULL;
	return run;
}

static void end_at(struct flight *f, struct run_report *report, uint64_t now_ns)
{
	report->wall_ms = (int64_t)(now_ns - f->started_ns) / 1000000;
	struct run *run = flights_take(f);
	run->done(run, report);
}

void flights_end(struct flight *f, struct run_report *report)
{
	end_at(f, report, uv_hrtime());
}

static void fill_usage(const struct flight *f, const struct reply *reply, pid_t pid,
                       struct run_report *report)
{
	struct process_usage now;
	f->flights->tells_usage = reply->cpu_user_us >= 0 || reply->cpu_system_us >= 0;
	if (f->flights->tells_usage) {
		report->cpu_user_ms = reply->cpu_user_us / 1000;
		report->cpu_system_ms = reply->cpu_system_us / 1000;
		report->max_rss_kib = reply->max_rss_kib;
	} else if (f->alone && process_usage_read(pid, &now)) {
		report->cpu_user_ms = now.cpu_user_ms - f->before.cpu_user_ms;
		report->cpu_system_ms = now.cpu_system_ms - f->before.cpu_system_ms;
		report->max_rss_kib = now.rss_kib;
	}
}

/* The flight that has become the first one begins. */
static void begin_next(struct flights *all, uint64_t now_ns)
{
	struct flight *f = flights_first(all);
	note_first(all, now_ns);
	if (!f)
		return;
	f->started_ns = now_ns;
	f->run->waiting = false;
	if (f->run->began)
		f->run->began(f->run);
}

void flights_finish(struct flight *f, const struct reply *reply, pid_t pid,
                    struct run_report *report)
{
	struct flights *all = f->flights;
	bool was_first = flights_first(all) == f;
	fill_usage(f, reply, pid, report);
	all->finished++;
	uint64_t now_ns = uv_hrtime();
	end_at(f, report, now_ns);
	if (all->in_turn && was_first)
		begin_next(all, now_ns);
}

void flights_heard(struct flights *f, unsigned finished_before, size_t bytes, uint64_t since_ns)
{
	pace_heard(&f->pace, f->finished - finished_before, bytes, uv_hrtime() - since_ns);
}

bool flights_may_delay(const struct flights *f)
{
	return f->in_turn && pace_may_delay(&f->pace, f->count);
}
