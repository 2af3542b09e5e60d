/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/phase.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/attempt/dispatch.h"
#include "worker/flow/give_back.h"
#include "worker/state/notify.h"
#include "worker/state/queue.h"
#include "worker/flow/running.h"

enum {
	RETIRE_MS = 2000,
	/* After the drain deadline and the grace, for the confirms of the returned jobs. */
	LAST_CONFIRMS_MS = 10000,
};

void phase_drain(struct worker *w, int64_t deadline_ms, const char *why)
{
	if (w->phase.now != WORKER_RUNNING)
		return;
	w->phase.now = WORKER_DRAINING;
	w->phase.drain_until_ms =
	    deadline_ms < 0 ? CLOCK_NEVER : clock_monotonic_ms() + deadline_ms;
	log_info(LOG_SELF, "%s: draining; no more jobs are taken; waiting for %u running jobs", why,
	         w->tasks.running_count);
	notify_stopping();
	queue_update_all(w);
	give_back_all(w);
}

void phase_abandon(struct worker *w, int exit_code)
{
	w->phase.now = WORKER_STOPPED;
	w->phase.exit_code = exit_code;
	uv_stop(&w->loop);
}

/* Long-lived handlers get a moment for what they do at their end. The guardian ends those that take
 * longer. */
static bool handlers_ended(struct worker *w)
{
	int64_t now_ms = clock_monotonic_ms();
	if (w->phase.retire_until_ms == 0)
		w->phase.retire_until_ms = now_ms + RETIRE_MS;
	return dispatch_retire(w->dispatch) || now_ms >= w->phase.retire_until_ms;
}

void phase_check_finished(struct worker *w)
{
	if (w->phase.now == WORKER_RUNNING && !queue_wants_more(w) && task_none_in_hand(w))
		phase_drain(w, -1, "all jobs asked for are done");
	if (w->phase.now != WORKER_DRAINING || !task_none_in_hand(w))
		return;
	if (w->links.consuming.up && !queue_all_idle(w))
		return; /* a delivery may be on its way until the cancel is answered */
	if (!handlers_ended(w))
		return;
	w->phase.now = WORKER_STOPPED;
	uv_stop(&w->loop);
}

void phase_enforce_drain(struct worker *w, int64_t heard_ms)
{
	if (w->phase.now != WORKER_DRAINING || w->phase.drain_until_ms == CLOCK_NEVER ||
	    heard_ms < w->phase.drain_until_ms)
		return;
	if (!w->phase.drain_enforced) {
		w->phase.drain_enforced = true;
		if (w->tasks.running_count > 0)
			log_warn(LOG_SELF,
			         "drain time is over: stopping %u handlers, their jobs go back to "
			         "the queue",
			         w->tasks.running_count);
		running_stop_all(w);
		w->phase.drain_until_ms =
		    clock_monotonic_ms() + w->settings->grace_ms + LAST_CONFIRMS_MS;
		return;
	}
	log_error(
	    LOG_SELF,
	    "some jobs could not be acknowledged in time; the broker will deliver them again");
	phase_abandon(w, ERROR_TRYAGAIN);
}

void phase_pause(struct worker *w, bool paused)
{
	if (w->phase.paused == paused)
		return;
	w->phase.paused = paused;
	if (paused)
		log_info(LOG_SELF, "SIGTSTP: consuming is paused, %u jobs run on",
		         w->tasks.running_count);
	else if (w->throttled)
		log_info(LOG_SELF,
		         "SIGCONT: jobs are taken again once fewer than half of %u publishes wait",
		         w->tasks.publishing_count);
	else
		log_info(LOG_SELF, "SIGCONT: consuming goes on, %u jobs run",
		         w->tasks.running_count);
	if (paused)
		give_back_all(w);
	queue_update_all(w);
}
