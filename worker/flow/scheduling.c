/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/flow/scheduling.h"

#include "common/base/clock.h"
#include "worker/attempt/dispatch.h"
#include "worker/handlers/environment.h"
#include "worker/state/queue.h"
#include "worker/flow/refuse.h"
#include "worker/flow/running.h"

/* Returns true if the time of day may keep the job from running. */
static bool is_timed(const struct job *j)
{
	return j->not_before_ms != CLOCK_NEVER || j->expires_at_ms != CLOCK_NEVER;
}

/* Starts the task, or sends it on. Leaves it waiting when its handler is full. */
static void begin(struct task *t)
{
	struct error err;
	struct worker *w = t->worker;
	if (t->in.unfit) {
		refuse_unfit(t, t->in.unfit, t->in.detail);
		return;
	}
	if (t->in.keyless) {
		refuse_for(t, REFUSE_KEYLESS);
		return;
	}
	if (environment_check(&t->in.job, &err) < 0) {
		refuse_unfit(t, "malformed", err.text);
		return;
	}
	struct dispatch_choice choice = dispatch_choose(w->dispatch, t->in.job.type);
	int64_t now_ms = is_timed(&t->in.job) ? clock_now_ms() : 0;
	enum refusal why = intake_refuse(&t->in, now_ms, choice.handler != NULL, choice.paused);
	if (why == REFUSE_PAUSED)
		queue_found_paused(w, task_queue(t), choice.paused_until_ms);
	if (why != REFUSE_NOT || !choice.handler)
		refuse_for(t, why);
	else if (!choice.full)
		running_start(t, choice.handler);
}

/* Prefetch limits jobs that come alone. Jobs of a pack are limited here. */
static bool has_to_wait(const struct task *t)
{
	const struct queue *q = task_queue(t);
	return t->packed && (q->running >= q->prefetch || t->worker->throttled || queue_rests(q));
}

void scheduling_start_waiting(struct worker *w)
{
	struct list *pos, *next;
	list_for_each (pos, next, &w->tasks.waiting) {
		if (w->phase.now != WORKER_RUNNING || w->tasks.running_count >= w->slots)
			return;
		struct task *t = list_item(pos, struct task, link);
		if (!has_to_wait(t))
			begin(t);
	}
}
