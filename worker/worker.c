/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/flow/arrival.h"
#include "worker/burst.h"
#include "worker/consumer_timeout.h"
#include "worker/describe.h"
#include "worker/attempt/dispatch.h"
#include "worker/guardian/cgroup.h"
#include "worker/guardian/guardian.h"
#include "worker/guardian/oom.h"
#include "worker/links.h"
#include "worker/journal/listeners.h"
#include "worker/loop.h"
#include "worker/state/notify.h"
#include "worker/phase.h"
#include "worker/state/queue.h"
#include "worker/flow/scheduling.h"
#include "worker/signals.h"
#include "worker/state/task.h"

enum { TICK_MS = 200 };

/*
 * Does all that is due once per turn of the loop, in one place. Libuv runs a prepare handle that
 * another one starts only in the next turn, after a wait. With a handle of its own for the requests
 * to long-lived handlers a job took 20 ms.
 */
static void before_poll(uv_prepare_t *handle)
{
	struct worker *w = handle->data;
	task_recycle_discarded(w);
	arrival_open_packs(w);
	scheduling_start_waiting(w);
	dispatch_flush(w->dispatch);
	phase_check_finished(w);
	links_flush(w);
	log_flush();
}

static void tick(uv_timer_t *timer)
{
	struct worker *w = timer->data;
	int64_t now_ms = clock_monotonic_ms();
	links_watch(w);
	consumer_timeout_watch(w, now_ms);
	queue_update_all(w);
	/* Timers come before descriptors in a turn of the loop. */
	phase_enforce_drain(w, w->ticked_at_ms);
	w->ticked_at_ms = now_ms;
	burst_look(w);
	notify_watchdog(now_ms);
}

/* ---- start and end ---- */

static void guardian_gone(void *data)
{
	struct worker *w = data;
	if (w->phase.now == WORKER_STOPPED)
		return;
	log_error(LOG_SELF, "the guardian process has died: no handler can be started; ending, the "
	                    "broker will deliver the jobs again");
	phase_abandon(w, ERROR_BUG);
}

static void start(struct worker *w)
{
	w->started = true;
	links_start(w);
	signals_start(w);
	uv_prepare_init(&w->loop, &w->before_poll);
	w->before_poll.data = w;
	uv_prepare_start(&w->before_poll, before_poll);
	uv_timer_init(&w->loop, &w->tick);
	w->tick.data = w;
	uv_timer_start(&w->tick, tick, TICK_MS, TICK_MS);
}

static void close_handles(struct worker *w)
{
	links_close(w);
	signals_close(w);
	uv_close((uv_handle_t *)&w->before_poll, NULL);
	uv_close((uv_handle_t *)&w->tick, NULL);
}

/* No handler may run on beside the copy of its job, which the broker delivers to another worker as
 * soon as our connection is closed. So the handlers end first. */
static void end_handlers_and_links(struct worker *w)
{
	bool told_to_hurry = w->signals.interrupts > 1, never_consumed = w->links.generation == 0;
	guardian_stop(w->guardian);
	guardian_wait(w->guardian, GUARDIAN_CLOSE_MS);
	links_end(w, told_to_hurry || never_consumed);
}

static int finish(struct worker *w)
{
	if (w->started)
		close_handles(w);
	end_handlers_and_links(w);
	dispatch_stop(w->dispatch);
	arrival_forget_all(w);
	describe_end(w);
	if (!loop_finish(&w->loop, LOOP_FINISH_MS)) {
		cgroup_end();
		loop_abandon(w->phase.exit_code);
	}
	dispatch_destroy(w->dispatch);
	guardian_destroy(w->guardian);
	queue_finish_all(w);
	burst_finish(w);
	redelivery_destroy(w->tasks.known);
	return w->phase.exit_code;
}

int worker_run(struct worker_settings *settings, const struct options *options,
               struct worker_limits limits, int guardian_fd, int guardian_pid)
{
	struct error err;
	struct worker worker, *w = &worker;
	state_init(w, settings, listeners);
	w->options = options;
	w->limits = limits;
	if (limits.jobs > 0 && limits.jobs < w->slots)
		w->slots = (unsigned)limits.jobs;
	w->dispatch = dispatch_create();
	oom_begin();
	uv_loop_init(&w->loop);
	w->guardian = guardian_open(&w->loop, guardian_fd, guardian_pid, guardian_gone, w);
	queue_make_all(w);
	burst_begin(w);
	/* The links connect while the handlers are looked at; nothing is consumed before the loop
	 * runs. */
	if (queue_load_keys(w, &err) < 0 || links_open(w, &err) < 0 ||
	    dispatch_open(w->dispatch, &w->loop, w->guardian, settings, &err) < 0) {
		log_error(LOG_SELF, "%s", err.text);
		phase_abandon(w, (int)err.kind);
		return finish(w);
	}
	describe_start(w);
	start(w);
	log_hold();
	uv_run(&w->loop, UV_RUN_DEFAULT);
	return finish(w);
}
