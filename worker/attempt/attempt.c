/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/attempt/attempt.h"

#include "common/base/clock.h"
#include "worker/handlers/pace.h"

enum { HEAR_FIRST_MS = 3 /* with 0 the timer would expire in the same turn of the loop */ };

_Static_assert(HEAR_FIRST_MS > PACE_DELAY_MS + 1,
               "a reply that waits to be read may be that of a job that ended in time");

static void on_grace(uv_timer_t *timer)
{
	attempt_kill(timer->data);
}

void attempt_kill(struct attempt *a)
{
	a->run.handler->kind->stop(&a->run, RUN_STOP_KILL);
}

void attempt_stop(struct attempt *a, enum verdict as, const char *why)
{
	if (a->stopped_as == VERDICT_OK) {
		a->stopped_as = as;
		a->stopped_waiting = a->run.waiting;
	}
	a->run.stopped_why = why;
	a->run.handler->kind->stop(&a->run, RUN_STOP_TERM);
	uv_timer_start(a->timer, on_grace, (uint64_t)a->grace_ms, 0);
}

static void enforce_deadline(uv_timer_t *timer)
{
	struct attempt *a = timer->data;
	if (a->overdue)
		a->overdue(a);
	attempt_stop(a, VERDICT_TIMEOUT, "timeout");
}

/*
 * Timers come before descriptors in a turn of the loop. When this process was stopped for a while
 * (SIGSTOP), the handler may have ended in time and not been heard yet. So everything that is
 * there to read is read first.
 */
static void on_deadline(uv_timer_t *timer)
{
	const struct attempt *a = timer->data;
	if (!a->run.waiting)
		uv_timer_start(timer, enforce_deadline, HEAR_FIRST_MS, 0);
}

static void on_began(struct run *r)
{
	struct attempt *a = r->owner;
	if (a->stopped_as != VERDICT_OK)
		return;
	a->started_at_ms = clock_now_ms();
	r->request.deadline_at_ms = a->started_at_ms + a->timeout_ms;
	uv_timer_start(a->timer, on_deadline, (uint64_t)a->timeout_ms, 0);
}

static void on_done(struct run *r, const struct run_report *report)
{
	struct attempt *a = r->owner;
	uv_timer_stop(a->timer);
	bool not_cut_short = report->verdict == VERDICT_OK && a->stopped_waiting;
	bool stopped = a->stopped_as != VERDICT_OK && !not_cut_short;
	a->ended(a, stopped ? a->stopped_as : report->verdict, report);
}

void attempt_start(struct attempt *a)
{
	struct run *r = &a->run;
	a->timer->data = a;
	a->stopped_as = VERDICT_OK;
	a->stopped_waiting = false;
	a->started_at_ms = clock_now_ms();
	r->request.deadline_at_ms = a->started_at_ms + a->timeout_ms;
	r->done = on_done;
	r->began = on_began;
	r->owner = a;
	r->handler->kind->start(r->handler, r);
	if (!r->waiting)
		uv_timer_start(a->timer, on_deadline, (uint64_t)a->timeout_ms, 0);
}
