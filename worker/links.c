/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/links.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/job/topology.h"
#include "common/settings/connect.h"
#include "worker/flow/arrival.h"
#include "worker/burst.h"
#include "worker/state/notify.h"
#include "worker/phase.h"
#include "worker/state/publish.h"
#include "worker/state/queue.h"

enum {
	CLOSE_MS = 5000,
	CLOSE_NOW_MS = 1000,
	SETTLE_LATE_MS = 1,
	SETTLE_SHARE = 8, /* settlements of fewer than an eighth of the slots go out a moment later
	                   */
};

static void link_failed(struct worker *w, const struct link_event *e)
{
	const char *text = e->error ? e->error->text : "no reason given";
	bool missing =
	    e->error && (e->error->cause == CAUSE_NO_QUEUE || e->error->cause == CAUSE_NO_EXCHANGE);
	log_error(LOG_SELF, "%s%s", text,
	          missing ? "; create what is missing with: warren-producer "
	                    "setup QUEUE..., or start with --setup"
	                  : "");
	phase_abandon(w, e->error ? (int)e->error->kind : ERROR_UNAVAILABLE);
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
	queue_connection_lost(w);
}

/* A queue that cannot be consumed at the start is a mistake of whoever started the worker. One that
 * is taken away later may come back. */
static void consuming_is_refused(struct worker *w, struct queue *q, const struct link_event *e)
{
	if (q->was_active)
		queue_refused(q, e);
	else
		link_failed(w, e);
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
			consuming_is_refused(w, &w->queues.all[e->consumer], e);
		break;
	case LINK_CANCELLED:
		if (e->consumer < w->queues.count)
			queue_cancelled(w, &w->queues.all[e->consumer]);
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

/* ---- settling ---- */

static void settle_now(uv_timer_t *timer)
{
	struct worker *w = timer->data;
	link_flush(w->links.consuming.link);
}

/* While draining, or with few slots, every settlement is flushed at once: no more will come to
 * batch with. */
static void flush_settlements(struct worker *w)
{
	unsigned few = w->phase.now == WORKER_RUNNING ? w->slots / SETTLE_SHARE : 0;
	if (!link_flush_unless_few(w->links.consuming.link, few))
		uv_timer_stop(&w->links.settle_late);
	else if (!uv_is_active((uv_handle_t *)&w->links.settle_late))
		uv_timer_start(&w->links.settle_late, settle_now, SETTLE_LATE_MS, 0);
}

void links_flush(struct worker *w)
{
	link_flush(w->links.publishing.link);
	flush_settlements(w);
}

/* ---- start and end ---- */

int links_open(struct worker *w, struct error *err)
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

static void start_poll(struct worker *w, struct connection *c, uv_poll_cb readable)
{
	uv_poll_init(&w->loop, &c->poll, link_fd(c->link));
	c->poll.data = w;
	uv_poll_start(&c->poll, UV_READABLE, readable);
}

void links_start(struct worker *w)
{
	start_poll(w, &w->links.consuming, consuming_readable);
	start_poll(w, &w->links.publishing, publishing_readable);
	uv_timer_init(&w->loop, &w->links.settle_late);
	w->links.settle_late.data = w;
}

void links_watch(struct worker *w)
{
	link_watch(w->links.consuming.link);
	link_watch(w->links.publishing.link);
}

void links_reopen_consuming(struct worker *w, const char *why)
{
	w->links.consuming.up = false; /* so that it is asked for once */
	link_reopen(w->links.consuming.link, why);
}

void links_close(struct worker *w)
{
	uv_close((uv_handle_t *)&w->links.consuming.poll, NULL);
	uv_close((uv_handle_t *)&w->links.publishing.poll, NULL);
	uv_close((uv_handle_t *)&w->links.settle_late, NULL);
}

void links_end(struct worker *w, bool at_once)
{
	int64_t close_ms = at_once ? CLOSE_NOW_MS : CLOSE_MS;
	link_end(w->links.publishing.link);
	link_end(w->links.consuming.link);
	link_destroy(w->links.publishing.link, close_ms);
	link_destroy(w->links.consuming.link, close_ms);
}
