/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/task.h"

#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#include "common/job/box.h"
#include "common/base/signal_name.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/job/pack.h"
#include "common/base/random.h"
#include "worker/arrival.h"
#include "worker/dispatch.h"
#include "worker/queue.h"
#include "worker/handlers/environment.h"
#include "worker/journal.h"
#include "worker/notify.h"
#include "worker/publish.h"
#include "worker/rules/republish.h"
#include "worker/task_internal.h"

enum {
	REPUBLISH_AGAIN_MS =
	    5000, /* after the broker refused it three times over fresh connections */
	CONSUMER_TIMEOUT_MARGIN_MS = 300000,
	SPARE_MAX = 2048, /* tasks, of 1 KiB each: a pack or two of the largest */
};

static struct task *task_of(struct attempt *a)
{
	return list_item(a, struct task, attempt);
}

static struct worker *worker_of(const struct task *t)
{
	return t->worker;
}

static struct queue *queue_of_task(const struct task *t)
{
	return &t->worker->queues.all[t->delivery->consumer];
}

const struct queue_settings *task_queue(const struct task *t)
{
	return &t->worker->queues.all[t->delivery->consumer].settings->queue;
}

struct log_subject task_subject(const struct task *t)
{
	return (struct log_subject){task_queue(t)->name, t->in.job.id};
}

/* ---- the end of a task ---- */

#define AFTER_LINK_SIZE (sizeof(struct task) - offsetof(struct task, link) - sizeof(struct list))

static void *after_link(struct task *t)
{
	return &t->link + 1;
}

struct task *task_create(struct worker *w)
{
	struct task *t;
	if (list_empty(&w->tasks.spare)) {
		t = xcalloc(1, sizeof *t);
		uv_timer_init(&w->loop, &t->timer);
	} else {
		t = list_item(w->tasks.spare.next, struct task, link);
		list_remove(&t->link);
		w->tasks.spare_count--;
		ASAN_UNPOISON_MEMORY_REGION(after_link(t), AFTER_LINK_SIZE);
	}
	t->worker = w;
	list_init(&t->link);
	return t;
}

void task_discard(struct task *t)
{
	uv_timer_stop(&t->timer);
	list_append(&t->worker->tasks.ended, &t->link);
}

static void task_free(uv_handle_t *timer)
{
	free(list_item(timer, struct task, timer));
}

void task_recycle_ended(struct worker *w)
{
	while (!list_empty(&w->tasks.ended)) {
		struct task *t = list_item(w->tasks.ended.next, struct task, link);
		list_remove(&t->link);
		delivery_drop(t->delivery);
		delivery_drop(t->origin);
		intake_finish(&t->in);
		free(t->box);
		if (w->tasks.spare_count < SPARE_MAX) {
			memset(after_link(t), 0, AFTER_LINK_SIZE);
			ASAN_POISON_MEMORY_REGION(
			    after_link(t), AFTER_LINK_SIZE); /* whoever still looks is found out */
			list_append(&w->tasks.spare, &t->link);
			w->tasks.spare_count++;
		} else {
			uv_close((uv_handle_t *)&t->timer, task_free);
		}
	}
}

static void end_all(struct list *tasks)
{
	while (!list_empty(tasks))
		task_end(list_item(tasks->next, struct task, link), false);
}

void task_drop_all(struct worker *w)
{
	end_all(&w->tasks.waiting);
	end_all(&w->tasks.running);
	end_all(&w->tasks.publishing);
	task_recycle_ended(w);
	while (!list_empty(&w->tasks.spare)) {
		struct task *t = list_item(w->tasks.spare.next, struct task, link);
		list_remove(&t->link);
		ASAN_UNPOISON_MEMORY_REGION(after_link(t), AFTER_LINK_SIZE);
		uv_close((uv_handle_t *)&t->timer, task_free);
	}
}

static void move_to(struct task *t, enum task_state state, struct list *list)
{
	struct queue *q = queue_of_task(t);
	if (t->state == TASK_WAITING && !list_empty(&t->link))
		q->waiting--;
	list_remove(&t->link);
	t->state = state;
	if (list)
		list_append(list, &t->link);
}

void task_wait(struct task *t)
{
	move_to(t, TASK_WAITING, &worker_of(t)->tasks.waiting);
	queue_of_task(t)->waiting++;
	worker_of(t)->tasks.taken++;
}

void task_untake(struct task *t)
{
	worker_of(t)->tasks.taken--;
}

bool task_none_in_hand(const struct worker *w)
{
	return list_empty(&w->packs) && list_empty(&w->tasks.waiting) &&
	       list_empty(&w->tasks.running) && list_empty(&w->tasks.publishing);
}

void task_end(struct task *t, bool finished)
{
	move_to(t, t->state, NULL);
	if (finished && t->packed && !t->nameless)
		redelivery_hold(worker_of(t)->tasks.known, t->key, t, &t->delivery->finished);
	else
		redelivery_done(worker_of(t)->tasks.known, t->key, t, finished && !t->nameless);
	task_discard(t);
}

void task_settle(struct task *t, enum settle_verb verb)
{
	delivery_settle(t->delivery, worker_of(t)->links.consuming.link, verb);
	task_end(
	    t, verb ==
	           SETTLE_ACK); /* a reject that is lost with its connection has to be said again */
}

/* ---- republishing ---- */

static void count_publishing(struct worker *w, int change)
{
	w->tasks.publishing_count = (unsigned)((int)w->tasks.publishing_count + change);
	bool throttled = w->throttled ? w->tasks.publishing_count > w->slots / 2
	                              : w->tasks.publishing_count > w->slots;
	if (throttled == w->throttled)
		return;
	w->throttled = throttled;
	if (!queue_may_take(w))
		return; /* what was taken is given back, and that drains by itself */
	if (throttled)
		log_warn(LOG_SELF,
		         "%u republishes await their confirm: consuming stops until they drain",
		         w->tasks.publishing_count);
	else
		log_info(LOG_SELF, "republishes have drained: consuming goes on");
	queue_update_all(w);
}

/* By the broker's own dead-lettering, which needs no publish. */
static void die_as_it_is(struct task *t, const char *why)
{
	struct worker *w = worker_of(t);
	journal_tell(w, &(struct news){.kind = NEWS_REJECTED, .task = t, .words = why});
	count_publishing(w, -1);
	task_settle(t, SETTLE_REJECT);
}

static void republish_ended(struct worker *w, struct publish_owner *owner,
                            const struct link_event *e);

static void publish(struct task *t)
{
	struct worker *w = worker_of(t);
	struct outbound o;
	struct message *alone = t->packed ? pack_member(t->origin->message, t->document) : NULL;
	const struct outbound_source source = {
	    .original = alone ? alone : t->origin->message,
	    .book = &t->in.book,
	    .prefix = w->settings->connection.prefix,
	    .queue = task_queue(t)->name,
	    .id = t->in.job.id,
	    .type = t->in.job.type,
	    .room = w->links.room,
	};
	bool fits = republish_make(&o, &source, &t->fate, t->box);
	message_destroy(alone);
	if (!fits) {
		char why[64];
		snprintf(why, sizeof why, "its foreign headers are over %zu bytes",
		         w->links.room.foreign);
		die_as_it_is(t, why);
		return;
	}
	t->republish.ended = republish_ended;
	publish_start(w, &t->republish, &o, 0);
}

static void publish_again(uv_timer_t *timer)
{
	publish(list_item(timer, struct task, timer));
}

/* Sends the task on its way: acknowledged when done, else republished first. Not in any slot any
 * more. */
void task_follow_fate(struct task *t)
{
	struct worker *w = worker_of(t);
	if (t->fate.kind == FATE_DONE) {
		task_settle(t, SETTLE_ACK);
		return;
	}
	move_to(t, TASK_PUBLISHING, &w->tasks.publishing);
	t->delivery->begun = true;
	count_publishing(w, 1);
	publish(t);
}

static void republish_ended(struct worker *w, struct publish_owner *owner,
                            const struct link_event *e)
{
	struct task *t = list_item(owner, struct task, republish);
	if (e->kind == LINK_UNFIT) {
		cleanup_free char *why =
		    xprintf("the broker takes no such message (%s)", e->error->text);
		die_as_it_is(t, why);
		return;
	}
	if (e->kind != LINK_CONFIRMED) {
		const char *why = e->error ? e->error->text : "refused";
		journal_tell(w, &(struct news){.kind = NEWS_REPUBLISH_FAILED,
		                               .task = t,
		                               .words = why,
		                               .ms = REPUBLISH_AGAIN_MS});
		uv_timer_start(&t->timer, publish_again, REPUBLISH_AGAIN_MS, 0);
		return;
	}
	count_publishing(w, -1);
	journal_tell(w, &(struct news){.kind = NEWS_REPUBLISHED, .task = t});
	task_settle(t, SETTLE_ACK);
}

/* ---- the black box ---- */

/* From when it might have begun to when it did. */
int64_t task_queued_ms(const struct task *t)
{
	const struct job *j = &t->in.job;
	int64_t since_ms = j->created_at_ms;
	if (since_ms == CLOCK_NEVER || t->in.book.attempt > 1 ||
	    t->attempt.started_at_ms == CLOCK_NEVER)
		return -1;
	if (j->not_before_ms != CLOCK_NEVER && j->not_before_ms > since_ms)
		since_ms = j->not_before_ms;
	return t->attempt.started_at_ms > since_ms ? t->attempt.started_at_ms - since_ms : 0;
}

/* The words of a handler that got sealed args are not kept with the broker: they may well repeat
 * the args. */
static bool keeps_words(const struct task *t)
{
	return t->in.clear.len == 0;
}

static void record_try(struct task *t, const struct run_report *report, enum verdict v,
                       unsigned attempt)
{
	char name[SIGNAL_NAME_SIZE];
	const char *words = report->error[0] && keeps_words(t) ? report->error : NULL;
	const struct box_try this_try = {
	    .attempt = attempt,
	    .at_ms = t->attempt.started_at_ms,
	    .queued_ms = task_queued_ms(t),
	    .wall_ms = report->wall_ms,
	    .cpu_user_ms = report->cpu_user_ms,
	    .cpu_system_ms = report->cpu_system_ms,
	    .max_rss_kib = report->max_rss_kib,
	    .verdict = verdict_name(v),
	    .exit_code = report->exit_code,
	    .signal = signal_name(report->signal, name),
	    .worker = worker_of(t)->settings->connection.name,
	    .error = words,
	};
	char *history = box_history_add(t->in.book.history, &this_try);
	free(t->in.book.history);
	t->in.book.history = history;
	if (t->fate.kind == FATE_DEAD)
		t->box = box_make(t->fate.reason,
		                  keeps_words(t) ? words
		                                 : "its args are sealed: the worker's log has more",
		                  clock_now_ms(), task_queue(t)->name, &this_try,
		                  keeps_words(t) ? report->stderr_tail : (struct span){0}, history,
		                  worker_of(t)->links.room.ours / 2);
}

static void box_without_try(struct task *t, const char *detail)
{
	t->box = box_make(t->fate.reason, detail, clock_now_ms(), task_queue(t)->name, NULL,
	                  (struct span){0}, t->in.book.history, worker_of(t)->links.room.ours / 2);
}

/* ---- running ---- */

static void tell_paused(const struct handler *h, const char *why, int64_t pause_ms)
{
	cleanup_free char *text =
	    xprintf("handler '%s' %s: paused for %lld s, its jobs are returned uncounted",
	            h->settings->type, why, (long long)(pause_ms / 1000));
	log_error(LOG_SELF, "%s", text);
	notify_status(text);
}

static void account_handler(struct task *t, const struct run_report *report, enum verdict v)
{
	struct worker *w = worker_of(t);
	struct handler *h = t->attempt.run.handler;
	int64_t pause_ms;
	dispatch_ended(w->dispatch, h);
	if (v == VERDICT_UNRUNNABLE) {
		cleanup_free char *why = xprintf("cannot be started: %s", report->error);
		tell_paused(h, why, dispatch_unrunnable(w->dispatch, h));
	} else if (v == VERDICT_CRASH || v == VERDICT_OOM) {
		pause_ms = dispatch_crashed(w->dispatch, h);
		if (pause_ms > 0)
			tell_paused(h, "crashes again and again", pause_ms);
	} else if (v != VERDICT_RETURNED && dispatch_ran(w->dispatch, h)) {
		log_info(LOG_SELF, "handler '%s' works again", h->settings->type);
		notify_status("consuming");
	}
}

static void run_ended(struct attempt *a, enum verdict v, const struct run_report *report)
{
	struct task *t = task_of(a);
	struct worker *w = worker_of(t);
	w->tasks.running_count--;
	queue_of_task(t)->running--;

	unsigned attempt = t->in.book.attempt;
	account_handler(t, report, report->verdict);
	double chance = v == VERDICT_OK ? 0 : random_unit(); /* of the jitter */
	int64_t now_ms = v == VERDICT_OK ? 0 : clock_now_ms();
	t->fate = fate_of_attempt(v, report->after_ms, &t->in.policy, chance, now_ms, &t->in.book);
	if (t->fate.kind != FATE_DONE)
		record_try(t, report, v, attempt);
	journal_tell(w,
	             &(struct news){.kind = NEWS_ENDED, .task = t, .verdict = v, .report = report});
	task_follow_fate(t);
}

static void run_progress(struct run *r, int percent, struct span note)
{
	struct task *t = task_of(r->owner);
	journal_tell(
	    t->worker,
	    &(struct news){.kind = NEWS_PROGRESS, .task = t, .percent = percent, .text = note});
}

static void run_line(struct run *r, struct span line)
{
	struct task *t = task_of(r->owner);
	journal_tell(t->worker, &(struct news){.kind = NEWS_LINE, .task = t, .text = line});
}

static void run_overdue(struct attempt *a)
{
	struct task *t = task_of(a);
	journal_tell(t->worker, &(struct news){.kind = NEWS_OVERDUE, .task = t});
}

/* A delivery must not be held as long as the broker's consumer_timeout, which would close the
 * channel. */
static int64_t timeout_limit_ms(const struct worker_settings *s)
{
	int64_t limit = s->broker_consumer_timeout_ms - CONSUMER_TIMEOUT_MARGIN_MS;
	return limit > s->broker_consumer_timeout_ms / 2 ? limit
	                                                 : s->broker_consumer_timeout_ms / 2;
}

static int64_t wanted_timeout_ms(const struct task *t, const struct handler_settings *h)
{
	return t->in.job.timeout_ms > 0 ? t->in.job.timeout_ms
	       : h->timeout_ms > 0      ? h->timeout_ms
	                                : t->worker->settings->timeout_ms;
}

/* As it came, but for sealed args, which are in the clear. */
static struct span document_of(const struct task *t)
{
	return t->in.clear.len > 0 ? (struct span){t->in.clear.data, t->in.clear.len} : t->document;
}

static void start(struct task *t, struct handler *h)
{
	struct worker *w = worker_of(t);
	move_to(t, TASK_RUNNING, &w->tasks.running);
	t->delivery->begun = true;
	w->tasks.running_count++;
	queue_of_task(t)->running++;
	dispatch_begins(w->dispatch, h);
	queue_job_began(w, t->delivery->consumer);

	int64_t wanted_ms = wanted_timeout_ms(t, h->settings);
	int64_t limit_ms = timeout_limit_ms(w->settings);
	t->attempt = (struct attempt){
	    .run = {.request = {.job = &t->in.job,
	                        .document = document_of(t),
	                        .raw = task_queue(t)->raw,
	                        .queue = task_queue(t)->name,
	                        .attempt = t->in.book.attempt,
	                        .max_attempts = t->in.policy.max_attempts},
	            .progress = run_progress,
	            .log = run_line,
	            .handler = h},
	    .timer = &t->timer,
	    .timeout_ms = wanted_ms < limit_ms ? wanted_ms : limit_ms,
	    .grace_ms = h->settings->grace_ms >= 0 ? h->settings->grace_ms : w->settings->grace_ms,
	    .ended = run_ended,
	    .overdue = run_overdue,
	};
	if (wanted_ms > limit_ms)
		journal_tell(w,
		             &(struct news){.kind = NEWS_TIMEOUT_CUT, .task = t, .ms = wanted_ms});
	journal_tell(w, &(struct news){.kind = NEWS_STARTED, .task = t});
	attempt_start(&t->attempt);
}

/* ---- before running ---- */

static void die_unread(struct task *t, const char *reason, const char *detail)
{
	t->fate = (struct fate){.kind = FATE_DEAD, .reason = reason};
	box_without_try(t, detail);
	journal_tell(t->worker, &(struct news){.kind = NEWS_UNFIT, .task = t, .words = detail});
	task_follow_fate(t);
}

void task_refuse(struct task *t, enum refusal why)
{
	char detail[512];
	int64_t early_ms = why == REFUSE_EARLY ? t->in.job.not_before_ms - clock_now_ms() : 0;
	t->fate = fate_of_refusal(why, early_ms, random_unit(), &t->in.book);
	const char *words = why == REFUSE_KEYLESS ? t->in.detail
	                    : t->fate.word        ? t->fate.word
	                                          : t->fate.reason;
	if (t->fate.kind == FATE_DEAD) {
		snprintf(detail, sizeof detail, "%s, type '%s'", words,
		         t->in.job.type ? t->in.job.type : "?");
		words = detail;
		box_without_try(t, detail);
	}
	journal_tell(t->worker, &(struct news){.kind = NEWS_REFUSED, .task = t, .words = words});
	task_follow_fate(t);
}

/* May the time of day keep it from running? */
static bool is_timed(const struct job *j)
{
	return j->not_before_ms != CLOCK_NEVER || j->expires_at_ms != CLOCK_NEVER;
}

/* Starts the task, or sends it elsewhere; it waits on when its handler has no room. */
static void begin(struct task *t)
{
	struct error err;
	struct worker *w = worker_of(t);
	if (t->in.unfit) {
		die_unread(t, t->in.unfit, t->in.detail);
		return;
	}
	if (t->in.keyless) {
		task_refuse(t, REFUSE_KEYLESS);
		return;
	}
	if (environment_check(&t->in.job, &err) < 0) {
		die_unread(t, "malformed", err.text);
		return;
	}
	struct dispatch_choice choice = dispatch_choose(w->dispatch, t->in.job.type);
	int64_t now_ms = is_timed(&t->in.job) ? clock_now_ms() : 0;
	enum refusal why = intake_refuse(&t->in, now_ms, choice.handler != NULL, choice.paused);
	if (why == REFUSE_PAUSED)
		queue_found_paused(w, t->delivery->consumer, choice.paused_until_ms);
	if (why != REFUSE_NOT || !choice.handler)
		task_refuse(t, why);
	else if (!choice.full)
		start(t, choice.handler);
}

/* What prefetch does for jobs that come alone has to be done here for those of a pack. */
static bool has_to_wait(const struct task *t)
{
	const struct queue *q = queue_of_task(t);
	return t->packed && (q->running >= q->prefetch || worker_of(t)->throttled ||
	                     queue_rests(t->worker, t->delivery->consumer));
}

void task_start_waiting(struct worker *w)
{
	struct list *pos, *next;
	arrival_open_packs(w);
	list_for_each (pos, next, &w->tasks.waiting) {
		if (w->phase.now != WORKER_RUNNING || w->tasks.running_count >= w->slots)
			return;
		struct task *t = list_item(pos, struct task, link);
		if (!has_to_wait(t))
			begin(t);
	}
}

void task_stop_running(struct worker *w, bool kill)
{
	struct list *pos, *tmp;
	list_for_each (pos, tmp, &w->tasks.running) {
		struct task *t = list_item(pos, struct task, link);
		attempt_stop(&t->attempt, VERDICT_RETURNED, "drain");
		if (kill)
			attempt_kill(&t->attempt);
	}
}

static int64_t oldest_in(const struct list *tasks, int64_t now_ms)
{
	int64_t oldest = 0;
	for (const struct list *pos = tasks->next; pos != tasks; pos = pos->next) {
		const struct task *t = list_item(pos, struct task, link);
		if (now_ms - t->held_since_ms > oldest)
			oldest = now_ms - t->held_since_ms;
	}
	return oldest;
}

int64_t task_oldest_ms(const struct worker *w, int64_t now_ms)
{
	int64_t running = oldest_in(&w->tasks.running, now_ms);
	int64_t publishing = oldest_in(&w->tasks.publishing, now_ms);
	return running > publishing ? running : publishing;
}
