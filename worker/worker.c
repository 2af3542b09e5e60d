/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/settings/connect.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/settings/options.h"
#include "worker/arrival.h"
#include "worker/burst.h"
#include "worker/dispatch.h"
#include "worker/queue.h"
#include "worker/guardian/confine.h"
#include "worker/guardian/guardian.h"
#include "worker/loop.h"
#include "worker/listeners.h"
#include "worker/notify.h"
#include "worker/publish.h"
#include "worker/guardian/oom.h"
#include "worker/task.h"

enum {
	TICK_MS = 200,
	RETIRE_MS = 2000,
	LAST_CONFIRMS_MS =
	    10000, /* after the drain deadline and the grace, for the returned jobs' confirms */
	LINK_CLOSE_MS = 5000,
	LINK_CLOSE_NOW_MS = 1000,
	GUARDIAN_CLOSE_MS = 5000,
	SETTLE_LATE_MS = 1,
	SETTLE_SHARE = 8, /* settlements of an eighth of the slots go out at once, fewer of them a
	                     moment later */
	CONSUMER_TIMEOUT_EARLY_MS = 120000, /* the broker looks once a minute */
};

static const int signal_numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGTSTP, SIGCONT, SIGQUIT};

/* ---- phases ---- */

void worker_drain(struct worker *w, int64_t deadline_ms, const char *why)
{
	if (w->phase.now != WORKER_RUNNING)
		return;
	w->phase.now = WORKER_DRAINING;
	w->phase.drain_until_ms =
	    deadline_ms < 0 ? CLOCK_NEVER : clock_monotonic_ms() + deadline_ms;
	log_info(LOG_SELF, "%s: draining, %u jobs run", why, w->tasks.running_count);
	notify_stopping();
	queue_update_all(w);
	arrival_give_back_all(w);
}

void worker_abandon(struct worker *w, int exit_code)
{
	w->phase.now = WORKER_STOPPED;
	w->phase.exit_code = exit_code;
	uv_stop(&w->loop);
}

/* Long-lived handlers get a moment for what they do at their end; the guardian ends what takes
 * longer. */
static bool handlers_ended(struct worker *w)
{
	int64_t now_ms = clock_monotonic_ms();
	if (w->phase.retire_until_ms == 0)
		w->phase.retire_until_ms = now_ms + RETIRE_MS;
	return dispatch_retire(w->dispatch) || now_ms >= w->phase.retire_until_ms;
}

static void check_finished(struct worker *w)
{
	if (w->phase.now == WORKER_RUNNING && !queue_wants_more(w) && task_none_in_hand(w))
		worker_drain(w, -1, "all jobs asked for are done");
	if (w->phase.now != WORKER_DRAINING || !task_none_in_hand(w))
		return;
	if (w->links.consuming.up && !queue_all_idle(w))
		return; /* a delivery may be on its way until the cancel is answered */
	if (!handlers_ended(w))
		return;
	w->phase.now = WORKER_STOPPED;
	uv_stop(&w->loop);
}

/*
 * heard_ms: all that there was to read then has been read. Later than that nothing is enforced:
 * when this process was stopped for a while (SIGSTOP), handlers may have ended in time and not been
 * heard yet.
 */
static void enforce_drain(struct worker *w, int64_t heard_ms)
{
	if (w->phase.now != WORKER_DRAINING || w->phase.drain_until_ms == CLOCK_NEVER ||
	    heard_ms < w->phase.drain_until_ms)
		return;
	if (!w->phase.drain_enforced) {
		w->phase.drain_enforced = true;
		if (w->tasks.running_count > 0)
			log_warn(LOG_SELF,
			         "the drain deadline has passed: %u handlers are stopped, their "
			         "jobs returned",
			         w->tasks.running_count);
		task_stop_running(w, false);
		w->phase.drain_until_ms =
		    clock_monotonic_ms() + w->settings->grace_ms + LAST_CONFIRMS_MS;
		return;
	}
	log_error(
	    LOG_SELF,
	    "not everything could be settled in time: the broker will deliver the rest again");
	worker_abandon(w, ERROR_TRYAGAIN);
}

/* ---- once per turn, and now and then ---- */

static void settle_now(uv_timer_t *timer)
{
	struct worker *w = timer->data;
	link_flush(w->links.consuming.link);
}

/* What is drained, or has few slots, waits for each of them. */
static void flush_settlements(struct worker *w)
{
	unsigned few = w->phase.now == WORKER_RUNNING ? w->slots / SETTLE_SHARE : 0;
	if (!link_flush_unless_few(w->links.consuming.link, few))
		uv_timer_stop(&w->settle_late);
	else if (!uv_is_active((uv_handle_t *)&w->settle_late))
		uv_timer_start(&w->settle_late, settle_now, SETTLE_LATE_MS, 0);
}

static void before_poll(uv_prepare_t *handle)
{
	struct worker *w = handle->data;
	task_recycle_ended(w);
	task_start_waiting(w);
	dispatch_flush(w->dispatch);
	check_finished(w);
	link_flush(w->links.publishing.link);
	flush_settlements(w);
	log_flush();
}

/*
 * What runs or is being republished cannot be let go: the connection is opened anew. What waits
 * behind its handler's concurrency is given back much earlier, for a lost connection counts as an
 * interruption: jobs that never ran would end dead of them.
 */
static void stay_below_consumer_timeout(struct worker *w, int64_t now_ms)
{
	int64_t limit = w->settings->broker_consumer_timeout_ms - CONSUMER_TIMEOUT_EARLY_MS;
	if (limit < w->settings->broker_consumer_timeout_ms / 2)
		limit = w->settings->broker_consumer_timeout_ms / 2;
	arrival_give_back_overdue(w, now_ms - limit / 2);
	if (w->links.consuming.up && task_oldest_ms(w, now_ms) > limit) {
		w->links.consuming.up = false; /* once: until the link is up again */
		link_reopen(w->links.consuming.link,
		            "a delivery is held nearly as long as the broker's consumer_timeout");
	}
}

/* ---- now and then ---- */

static void tick(uv_timer_t *timer)
{
	struct worker *w = timer->data;
	int64_t now_ms = clock_monotonic_ms();
	link_watch(w->links.consuming.link);
	link_watch(w->links.publishing.link);
	stay_below_consumer_timeout(w, now_ms);
	queue_update_all(w);
	enforce_drain(w,
	              w->ticked_at_ms); /* timers come before descriptors in a turn of the loop */
	w->ticked_at_ms = now_ms;
	burst_look(w);
	notify_watchdog(now_ms);
}

/* ---- events of the links ---- */

static void link_failed(struct worker *w, const struct link_event *e)
{
	const char *text = e->error ? e->error->text : "no reason given";
	bool missing = e->error && e->error->cause == CAUSE_MISSING;
	log_error(LOG_SELF, "%s%s", text,
	          missing ? "; create what is missing with: warren-producer "
	                    "setup QUEUE..., or start with --setup"
	                  : "");
	worker_abandon(w, e->error ? (int)e->error->kind : ERROR_UNAVAILABLE);
}

static void consuming_is_up(struct worker *w, const struct link_event *e)
{
	w->links.consuming.up = true;
	w->links.generation = e->generation;
	complaint_over(&w->links.consuming.down);
	log_info(LOG_SELF, "consuming from %s (RabbitMQ %s)", e->text, e->version);
	queue_update_all(w);
	notify_ready();
}

static void consuming_is_down(struct worker *w, const struct link_event *e)
{
	const char *why = e->error ? e->error->text : "no reason given";
	char again[COMPLAINT_TEXT_SIZE];
	w->links.consuming.up = false;
	if (complaint_due(&w->links.consuming.down, why, clock_monotonic_ms(), again))
		log_warn(LOG_SELF,
		         "the consuming connection is down: %s; %u jobs run on, reconnecting%s",
		         why, w->tasks.running_count, again);
	arrival_forget(w);
	for (unsigned i = 0; i < w->queues.count; i++)
		w->queues.all[i].cancelling = false;
	queue_update_all(w);
}

static void queue_started(struct queue *q)
{
	q->was_active = true;
	if (complaint_over(&q->complaint))
		log_info(LOG_SELF, "queue '%s' is consumed again", q->settings->queue.name);
}

/* What cannot be consumed at the start is a mistake of whoever started us; what is taken away later
 * may come back. */
static void queue_refused(struct worker *w, struct queue *q, const struct link_event *e)
{
	char again[COMPLAINT_TEXT_SIZE];
	if (!q->was_active) {
		link_failed(w, e);
		return;
	}
	if (!complaint_due(&q->complaint, e->error->text, clock_monotonic_ms(), again))
		return;
	bool missing = e->error->kind == ERROR_CONFIG;
	log_error(LOG_SELF, "queue '%s' is not consumed, it is tried again by itself: %s%s%s%s",
	          q->settings->queue.name, e->error->text,
	          missing ? "; create it again with: warren-producer setup " : "",
	          missing ? q->settings->queue.name : "", again);
}

static void consuming_event(struct worker *w, struct link_event *e)
{
	switch (e->kind) {
	case LINK_UP:
		consuming_is_up(w, e);
		break;
	case LINK_DOWN:
		consuming_is_down(w, e);
		break;
	case LINK_FAILED:
		link_failed(w, e);
		break;
	case LINK_DELIVERY:
		if (e->consumer < w->queues.count)
			arrival_accept(w, e);
		break;
	case LINK_CONSUMES:
		if (e->consumer < w->queues.count)
			queue_started(&w->queues.all[e->consumer]);
		break;
	case LINK_REFUSED:
		if (e->consumer < w->queues.count)
			queue_refused(w, &w->queues.all[e->consumer], e);
		break;
	case LINK_CANCELLED:
		queue_cancelled(w, e->consumer);
		break;
	default:
		break;
	}
}

static void publishing_is_down(struct worker *w, const struct link_event *e)
{
	const char *why = e->error ? e->error->text : "no reason given";
	char again[COMPLAINT_TEXT_SIZE];
	w->links.publishing.up = false;
	if (complaint_due(&w->links.publishing.down, why, clock_monotonic_ms(), again))
		log_warn(LOG_SELF, "the publishing connection is down: %s; reconnecting%s", why,
		         again);
}

static void publishing_event(struct worker *w, struct link_event *e)
{
	switch (e->kind) {
	case LINK_UP:
		w->links.publishing.up = true;
		w->links.room = headers_room(e->header_max);
		w->links.publishing_blocked = false;
		if (complaint_over(&w->links.publishing.down))
			log_info(LOG_SELF, "publishing goes on, to %s", e->text);
		else
			log_debug(LOG_SELF, "publishing to %s", e->text);
		break;
	case LINK_DOWN:
		publishing_is_down(w, e);
		break;
	case LINK_FAILED:
		link_failed(w, e);
		break;
	case LINK_CONFIRMED:
	case LINK_RETURNED:
	case LINK_NACKED:
	case LINK_TIMEDOUT:
	case LINK_UNFIT:
		publish_ended(w, e);
		break;
	case LINK_BLOCKED:
		w->links.publishing_blocked = true;
		log_warn(LOG_SELF,
		         "publishing is blocked by the broker (%s): retries and dead letters wait",
		         e->text ? e->text : "alarm");
		break;
	case LINK_UNBLOCKED:
		w->links.publishing_blocked = false;
		log_info(LOG_SELF, "publishing is not blocked any more");
		break;
	case LINK_DEPTH:
		burst_heard(w, e);
		break;
	default:
		break;
	}
}

static void take_events(struct worker *w, struct link *from,
                        void (*handle)(struct worker *, struct link_event *))
{
	struct list events;
	list_init(&events);
	link_take(from, &events);
	while (!list_empty(&events)) {
		struct link_event *e = list_item(events.next, struct link_event, link);
		list_remove(&e->link);
		if (w->phase.now != WORKER_STOPPED)
			handle(w, e);
		link_event_destroy(e);
	}
}

static void consuming_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	struct worker *w = poll->data;
	take_events(w, w->links.consuming.link, consuming_event);
}

static void publishing_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	struct worker *w = poll->data;
	take_events(w, w->links.publishing.link, publishing_event);
}

/* ---- signals ---- */

static void interrupt(struct worker *w)
{
	if (++w->interrupts == 1) {
		worker_drain(w, w->settings->drain_ms, "SIGINT (a second one stops at once)");
		return;
	}
	log_warn(LOG_SELF, "stopped at once: %u running jobs go back to the broker",
	         w->tasks.running_count);
	worker_abandon(w, 130);
}

/* Each queue keeps the keys it has when its files are wrong. True: none was. */
static bool reload_keys(struct worker *w)
{
	bool all = true;
	for (unsigned i = 0; i < w->queues.count; i++) {
		struct queue *q = &w->queues.all[i];
		struct error err;
		struct admission fresh;
		if (admission_load(&fresh, q->settings, w->settings->connection.prefix, &err) ==
		    0) {
			admission_finish(&q->admission);
			q->admission = fresh;
			continue;
		}
		admission_finish(&fresh);
		all = false;
		log_error(LOG_SELF, "SIGHUP: its keys stay as they are: %s", err.text);
	}
	return all;
}

/* What may change while jobs run: never names, queues or handlers, which running jobs refer to. */
static void reload(struct worker *w)
{
	struct error err;
	struct worker_settings fresh;
	if (log_reopen(&err) < 0)
		log_error(LOG_SELF, "%s", err.text);
	bool keys = reload_keys(w);
	if (options_load_settings(w->options, &worker_schema, &fresh, &err) < 0 ||
	    worker_schema.check(&fresh, &err) < 0) {
		log_error(LOG_SELF, "SIGHUP: settings stay as they are: %s", err.text);
		settings_finish(&worker_schema, &fresh);
		return;
	}
	struct worker_settings *s = w->settings;
	s->timeout_ms = fresh.timeout_ms;
	s->grace_ms = fresh.grace_ms;
	s->drain_ms = fresh.drain_ms;
	s->result_max = fresh.result_max;
	s->log_output = fresh.log_output;
	enum log_level level;
	if (log_level_from_name(fresh.connection.log_level, &level))
		log_configure(level,
		              strcmp(s->connection.log_format, "json") == 0 ? LOG_JSON : LOG_TEXT);
	settings_finish(&worker_schema, &fresh);
	log_info(LOG_SELF,
	         "SIGHUP: log opened anew; %stimeout, grace, drain, result_max, log_output and "
	         "log_level read again",
	         keys ? "keys, " : "");
}

static void pause_consuming(struct worker *w, bool paused)
{
	if (w->phase.paused == paused)
		return;
	w->phase.paused = paused;
	if (paused)
		log_info(LOG_SELF, "SIGTSTP: consuming is paused, %u jobs run on",
		         w->tasks.running_count);
	else if (w->throttled)
		log_info(LOG_SELF,
		         "SIGCONT: consuming goes on when most of %u republishes are confirmed",
		         w->tasks.publishing_count);
	else
		log_info(LOG_SELF, "SIGCONT: consuming goes on, %u jobs run",
		         w->tasks.running_count);
	if (paused)
		arrival_give_back_all(w);
	queue_update_all(w);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct worker *w = handle->data;
	switch (number) {
	case SIGTERM:
		worker_drain(w, w->settings->drain_ms, "SIGTERM");
		break;
	case SIGQUIT:
		w->interrupts++;
		interrupt(w);
		break;
	case SIGINT:
		interrupt(w);
		break;
	case SIGHUP:
		reload(w);
		break;
	case SIGTSTP:
		pause_consuming(w, true);
		break;
	case SIGCONT:
		pause_consuming(w, false);
		break;
	default:
		break;
	}
}

/* ---- start and end ---- */

static void guardian_gone(void *data)
{
	struct worker *w = data;
	if (w->phase.now == WORKER_STOPPED)
		return;
	log_error(LOG_SELF, "the guardian process has died: no handler can be started; ending, the "
	                    "broker will deliver the jobs again");
	worker_abandon(w, ERROR_BUG);
}

static void describe_keys(const struct queue *q)
{
	const struct admission *a = &q->admission;
	const char *name = q->settings->queue.name;
	if (a->signers.count > 0)
		log_info(LOG_SELF, "queue '%s': signatures of %zu keys are good; %s", name,
		         a->signers.count,
		         a->require_signed ? "unsigned jobs are refused"
		                           : "jobs without a signature run too (require_signed)");
	if (a->openers.count > 0)
		log_info(LOG_SELF, "queue '%s': %zu keys open sealed args; %s", name,
		         a->openers.count,
		         a->require_sealed ? "jobs that are not sealed are refused"
		                           : "jobs that are not sealed run too (require_sealed)");
}

static void describe(const struct worker *w)
{
	const struct worker_settings *s = w->settings;
	for (unsigned i = 0; i < w->queues.count; i++) {
		const struct queue_settings *q = &w->queues.all[i].settings->queue;
		char base[CLOCK_TEXT_SIZE], max[CLOCK_TEXT_SIZE];
		describe_keys(&w->queues.all[i]);
		log_info(LOG_SELF,
		         "consumes queue '%s'%s, up to %u of %u jobs at once; a failed job is "
		         "tried %u times (%s "
		         "backoff %s to %s; %u crashes, "
		         "%u timeouts), then it goes to %s.dead",
		         q->name, q->raw ? " (raw bodies)" : "", w->queues.all[i].prefetch,
		         w->slots, q->retry.max_attempts, backoff_name(q->retry.kind),
		         clock_format_duration(q->retry.base_ms, base),
		         clock_format_duration(q->retry.max_ms, max), q->retry.max_crashes,
		         q->retry.max_timeouts, w->queues.all[i].amqp_name);
	}
	for (size_t i = 0; i < s->handler_count; i++) {
		char limits[512];
		confine_describe(&s->handlers[i], limits, sizeof limits);
		log_info(LOG_SELF, "type '%s' is run by %s%s%s", s->handlers[i].type,
		         s->handlers[i].run, *limits ? "; limits: " : "", limits);
	}
}

static void make_queues(struct worker *w)
{
	const struct worker_settings *s = w->settings;
	char name[TOPOLOGY_NAME_MAX];
	w->queues.count = (unsigned)s->queue_count;
	w->queues.all = xcalloc(s->queue_count, sizeof *w->queues.all);
	cleanup_free uint16_t *prefetch = xcalloc(s->queue_count, sizeof *prefetch);
	queue_share_slots(s, w->slots, prefetch);
	for (size_t i = 0; i < s->queue_count; i++)
		w->queues.all[i] = (struct queue){
		    .settings = &s->queues[i],
		    .amqp_name = xstrdup(
		        topology_queue(s->connection.prefix, s->queues[i].queue.name, name)),
		    .prefetch = prefetch[i],
		};
}

static int load_keys(struct worker *w, struct error *err)
{
	for (unsigned i = 0; i < w->queues.count; i++)
		if (admission_load(&w->queues.all[i].admission, w->queues.all[i].settings,
		                   w->settings->connection.prefix, err) < 0)
			return -1;
	return 0;
}

static int open_links(struct worker *w, struct error *err)
{
	struct broker_options broker = connect_options(&w->settings->connection);
	char dead[TOPOLOGY_NAME_MAX], jobs[TOPOLOGY_NAME_MAX];
	const char *exchanges[] = {topology_jobs(w->settings->connection.prefix, jobs),
	                           topology_dead(w->settings->connection.prefix, dead)};
	cleanup_free const char **queues = xcalloc(w->queues.count, sizeof *queues);
	for (unsigned i = 0; i < w->queues.count; i++)
		queues[i] = w->queues.all[i].amqp_name;

	const struct link_options consume = {.broker = &broker,
	                                     .role = "consume",
	                                     .require_queues = queues,
	                                     .require_queue_count = w->queues.count};
	const struct link_options publish = {.broker = &broker,
	                                     .role = "publish",
	                                     .require_exchanges = exchanges,
	                                     .require_exchange_count = 2};
	w->links.consuming.link = link_create(&consume, err);
	if (!w->links.consuming.link)
		return -1;
	w->links.publishing.link = link_create(&publish, err);
	return w->links.publishing.link ? 0 : -1;
}

static void start_handles(struct worker *w)
{
	w->started = true;
	uv_poll_init(&w->loop, &w->links.consuming.poll, link_fd(w->links.consuming.link));
	uv_poll_init(&w->loop, &w->links.publishing.poll, link_fd(w->links.publishing.link));
	w->links.consuming.poll.data = w->links.publishing.poll.data = w;
	uv_poll_start(&w->links.consuming.poll, UV_READABLE, consuming_readable);
	uv_poll_start(&w->links.publishing.poll, UV_READABLE, publishing_readable);

	uv_prepare_init(&w->loop, &w->before_poll);
	w->before_poll.data = w;
	uv_prepare_start(&w->before_poll, before_poll);
	uv_timer_init(&w->loop, &w->tick);
	w->tick.data = w;
	uv_timer_start(&w->tick, tick, TICK_MS, TICK_MS);
	uv_timer_init(&w->loop, &w->settle_late);
	w->settle_late.data = w;
	for (size_t i = 0; i < sizeof signal_numbers / sizeof *signal_numbers; i++) {
		uv_signal_init(&w->loop, &w->signals[i]);
		w->signals[i].data = w;
		uv_signal_start(&w->signals[i], on_signal, signal_numbers[i]);
	}
}

static void report_end(const struct worker *w)
{
	const struct totals *s = &w->totals;
	log_info(LOG_SELF,
	         "ended: %" PRIu64 " jobs taken, %" PRIu64 " ok, %" PRIu64
	         " sent on for later, %" PRIu64 " dead, %" PRIu64 " given back, %" PRIu64
	         " recognised after a reconnect",
	         w->tasks.taken, s->ok, s->ring, s->dead, s->given_back, s->adopted);
}

static void close_handles(struct worker *w)
{
	uv_handle_t *all[] = {(uv_handle_t *)&w->links.consuming.poll,
	                      (uv_handle_t *)&w->links.publishing.poll,
	                      (uv_handle_t *)&w->before_poll, (uv_handle_t *)&w->tick,
	                      (uv_handle_t *)&w->settle_late};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		uv_close(all[i], NULL);
	for (size_t i = 0; i < sizeof w->signals / sizeof *w->signals; i++)
		uv_close((uv_handle_t *)&w->signals[i], NULL);
}

/* No handler may run on beside the copy of its job, which the broker delivers to another worker as
 * soon as our connection is closed. */
static void end_handlers_and_links(struct worker *w)
{
	bool at_once =
	    w->interrupts > 1 || w->links.generation == 0; /* told to, or it has never consumed */
	int64_t close_ms = at_once ? LINK_CLOSE_NOW_MS : LINK_CLOSE_MS;
	guardian_stop(w->guardian);
	guardian_wait(w->guardian, GUARDIAN_CLOSE_MS);
	link_end(w->links.publishing.link);
	link_end(w->links.consuming.link);
	link_destroy(w->links.publishing.link, close_ms);
	link_destroy(w->links.consuming.link, close_ms);
}

static int finish(struct worker *w)
{
	if (w->started)
		close_handles(w);
	end_handlers_and_links(w);
	report_end(w);
	dispatch_stop(w->dispatch);
	arrival_forget(w);
	task_drop_all(w);
	loop_finish(&w->loop);
	dispatch_destroy(w->dispatch);
	guardian_destroy(w->guardian);
	for (unsigned i = 0; i < w->queues.count; i++) {
		free(w->queues.all[i].amqp_name);
		admission_finish(&w->queues.all[i].admission);
	}
	free(w->queues.all);
	burst_finish(w);
	redelivery_destroy(w->tasks.known);
	return w->phase.exit_code;
}

int worker_run(struct worker_settings *settings, const struct options *options,
               struct worker_limits limits, int guardian_fd, int guardian_pid)
{
	struct error err;
	struct worker worker, *w = &worker;
	*w = (struct worker){.settings = settings,
	                     .options = options,
	                     .limits = limits,
	                     .listeners = listeners,
	                     .links.room = headers_room(SIZE_MAX),
	                     .slots = (unsigned)settings->slots};
	if (limits.jobs > 0 && limits.jobs < w->slots)
		w->slots = (unsigned)limits.jobs;
	list_init(&w->packs);
	list_init(&w->tasks.waiting);
	list_init(&w->tasks.running);
	list_init(&w->tasks.publishing);
	list_init(&w->tasks.ended);
	list_init(&w->tasks.spare);
	w->tasks.known = redelivery_create();
	w->dispatch = dispatch_create();
	oom_begin();
	uv_loop_init(&w->loop);
	w->guardian = guardian_open(&w->loop, guardian_fd, guardian_pid, guardian_gone, w);
	make_queues(w);
	burst_begin(w);
	/* The links connect while the handlers are looked at; nothing is consumed before the loop
	 * runs. */
	if (load_keys(w, &err) < 0 || open_links(w, &err) < 0 ||
	    dispatch_open(w->dispatch, &w->loop, w->guardian, settings, &err) < 0) {
		log_error(LOG_SELF, "%s", err.text);
		w->phase.exit_code = (int)err.kind;
		return finish(w);
	}
	describe(w);
	start_handles(w);
	log_hold();
	uv_run(&w->loop, UV_RUN_DEFAULT);
	return finish(w);
}
