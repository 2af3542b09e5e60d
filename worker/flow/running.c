/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/flow/running.h"

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "common/base/random.h"
#include "worker/flow/carry_out.h"
#include "worker/attempt/dispatch.h"
#include "worker/journal/journal.h"
#include "worker/state/queue.h"
#include "worker/flow/record.h"
#include "worker/rules/hold.h"

static struct task *task_of(struct attempt *a)
{
	return list_item(a, struct task, attempt);
}

static void tell_paused(struct worker *w, const struct handler *h, const char *why,
                        int64_t pause_ms)
{
	cleanup_free char *text = xprintf("handler '%s' %s: paused for %lld s; its jobs go back to "
	                                  "the queue, and no attempt is counted",
	                                  h->settings->type, why, (long long)(pause_ms / 1000));
	journal_tell(w, &(struct news){.kind = NEWS_HANDLER_PAUSED, .words = text});
}

static void tell_works(struct worker *w, const struct handler *h)
{
	cleanup_free char *text = xprintf("handler '%s' works again", h->settings->type);
	journal_tell(w, &(struct news){.kind = NEWS_HANDLER_WORKS, .words = text});
}

/* Pauses a handler that cannot be started or keeps crashing. */
static void account_handler(const struct task *t, const struct run_report *report)
{
	struct worker *w = t->worker;
	struct handler *h = t->attempt.run.handler;
	enum verdict v = report->verdict;
	int64_t pause_ms;
	dispatch_ended(w->dispatch, h);
	if (v == VERDICT_UNRUNNABLE) {
		cleanup_free char *why = xprintf("cannot be started: %s", report->error);
		tell_paused(w, h, why, dispatch_unrunnable(w->dispatch, h));
	} else if (v == VERDICT_CRASH || v == VERDICT_OOM) {
		pause_ms = dispatch_crashed(w->dispatch, h);
		if (pause_ms > 0)
			tell_paused(w, h, "crashes again and again", pause_ms);
	} else if (v != VERDICT_RETURNED && dispatch_ran(w->dispatch, h)) {
		tell_works(w, h);
	}
}

static void on_ended(struct attempt *a, enum verdict v, const struct run_report *report)
{
	struct task *t = task_of(a);
	unsigned attempt = t->in.book.attempt;
	account_handler(t, report);
	double chance = v == VERDICT_OK ? 0 : random_unit(); /* of the jitter */
	int64_t now_ms = v == VERDICT_OK ? 0 : clock_now_ms();
	t->fate = fate_of_attempt(v, report->after_ms, &t->in.policy, chance, now_ms, &t->in.book);
	if (t->fate.kind != FATE_DONE)
		record_attempt(t, report, v, attempt);
	journal_tell(t->worker,
	             &(struct news){.kind = NEWS_ENDED, .task = t, .verdict = v, .report = report});
	carry_out_fate(t);
}

static void on_progress(struct run *r, int percent, struct span note)
{
	struct task *t = task_of(r->owner);
	journal_tell(
	    t->worker,
	    &(struct news){.kind = NEWS_PROGRESS, .task = t, .percent = percent, .text = note});
}

static void on_line(struct run *r, struct span line)
{
	struct task *t = task_of(r->owner);
	journal_tell(t->worker, &(struct news){.kind = NEWS_LINE, .task = t, .text = line});
}

static void on_overdue(struct attempt *a)
{
	struct task *t = task_of(a);
	journal_tell(t->worker, &(struct news){.kind = NEWS_OVERDUE, .task = t});
}

static int64_t wanted_timeout_ms(const struct task *t, const struct handler_settings *h)
{
	return t->in.job.timeout_ms > 0 ? t->in.job.timeout_ms
	       : h->timeout_ms > 0      ? h->timeout_ms
	                                : t->worker->settings->timeout_ms;
}

/* The document as it came, except that sealed args are in the clear. */
static struct span document_of(const struct task *t)
{
	return t->in.clear.len > 0 ? (struct span){t->in.clear.data, t->in.clear.len} : t->document;
}

void running_start(struct task *t, struct handler *h)
{
	struct worker *w = t->worker;
	task_move(t, TASK_RUNNING);
	delivery_begin(t->delivery);
	dispatch_begins(w->dispatch, h);
	queue_job_began(task_queue(t));

	int64_t wanted_ms = wanted_timeout_ms(t, h->settings);
	int64_t limit_ms = hold_attempt_ms(w->settings->broker_consumer_timeout_ms);
	t->attempt = (struct attempt){
	    .run = {.request = {.job = &t->in.job,
	                        .document = document_of(t),
	                        .raw = task_queue(t)->settings->queue.raw,
	                        .queue = task_queue(t)->settings->queue.name,
	                        .attempt = t->in.book.attempt,
	                        .max_attempts = t->in.policy.max_attempts},
	            .progress = on_progress,
	            .log = on_line,
	            .handler = h},
	    .timer = &t->timer,
	    .timeout_ms = wanted_ms < limit_ms ? wanted_ms : limit_ms,
	    .grace_ms = h->settings->grace_ms >= 0 ? h->settings->grace_ms : w->settings->grace_ms,
	    .ended = on_ended,
	    .overdue = on_overdue,
	};
	if (wanted_ms > limit_ms)
		journal_tell(w,
		             &(struct news){.kind = NEWS_TIMEOUT_CUT, .task = t, .ms = wanted_ms});
	journal_tell(w, &(struct news){.kind = NEWS_STARTED, .task = t});
	attempt_start(&t->attempt);
}

void running_stop_all(struct worker *w)
{
	struct list *pos, *tmp;
	list_for_each (pos, tmp, &w->tasks.running) {
		struct task *t = list_item(pos, struct task, link);
		attempt_stop(&t->attempt, VERDICT_RETURNED, "drain");
	}
}
