/* SPDX-License-Identifier: Apache-2.0 */
#include "common/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/window.h"

enum {
	CONSUMERS = 64,
	CHANNEL_PUBLISH = 1,
	CHANNEL_INSPECT = 2,   /* a passive declare that fails closes its channel: none that is needed */
	CHANNEL_CONSUMER = 10, /* + number of the consumer */
	BURST = 64,            /* publishes between two looks at what the broker says */
	BACKOFF_BASE_MS = 500,
	BACKOFF_MAX_MS = 30000,
	STABLE_MS = 60000,
	NACK_SETTLE_MS = 2000, /* how long answers are awaited before the connection is replaced after a nack */
};

enum command_kind { COMMAND_PUBLISH, COMMAND_CONSUME, COMMAND_CANCEL, COMMAND_SETTLE, COMMAND_QUERY, COMMAND_REOPEN };

struct command {
	struct list link; /* link::pending, then link::inbox */
	enum command_kind kind;
	uint64_t token, generation, tag;
	unsigned consumer;
	uint16_t prefetch;
	enum settle_verb verb;
	int64_t deadline_at_ms;
	char *exchange, *key, *queue, *text; /* owned */
	struct message *message;             /* owned */
};

struct link_consumer {
	bool wanted; /* to be started (again) whenever the connection is up */
	bool running;
	bool channel_open;
	bool cancelled;  /* LINK_CANCELLED is due once what had been delivered before is handed out */
	unsigned starts; /* makes consumer tags unique on a channel */
	char *queue;
	uint16_t prefetch;
	struct settle *settle;
};

struct link {
	/* The owner's side. */
	struct list pending; /* command::link: not flushed yet */
	pthread_t thread;

	/* Shared, under the lock. */
	pthread_mutex_t lock;
	struct list inbox;  /* command::link */
	struct list outbox; /* link_event::link */
	int socket_fd;      /* a dup() of the connection's socket for link_watch; -1 while there is none */
	int wake_fd;        /* eventfd: the thread looks into the inbox */
	int event_fd;       /* eventfd: the owner looks into the outbox */
	atomic_bool stop;
	_Atomic int64_t busy_since_ms; /* 0: the thread waits in poll */

	/* The thread's side. */
	struct broker_options options; /* deep copy */
	char *role, *name;
	char **queues, **exchanges;
	size_t queue_count, exchange_count;
	bool give_up, was_up, finished;
	struct broker *b;
	uint64_t generation;
	unsigned next_url, failed_rounds;
	int64_t up_at_ms;
	bool blocked;
	bool inspect_open;
	int64_t reopen_at_ms; /* after a nack: when to replace the connection at the latest; 0: not */
	struct window window;
	struct link_consumer consumers[CONSUMERS];
	struct list events; /* link_event::link: of this turn, not handed over yet */
};

/* ---- events ---- */

void link_event_destroy(struct link_event *e)
{
	if (!e)
		return;
	message_destroy(e->message);
	free(e->routing_key);
	free(e->text);
	free(e->version);
	free(e->error);
	free(e);
}

static struct link_event *emit(struct link *l, enum link_event_kind kind)
{
	struct link_event *e = xcalloc(1, sizeof *e);
	e->kind = kind;
	e->generation = l->generation;
	list_append(&l->events, &e->link);
	return e;
}

static void emit_error(struct link *l, enum link_event_kind kind, const struct error *err)
{
	struct link_event *e = emit(l, kind);
	e->error = xcalloc(1, sizeof *e->error);
	*e->error = *err;
}

static void ring(int fd)
{
	uint64_t one = 1;
	while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void silence(int fd)
{
	uint64_t count;
	while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
		;
}

static void hand_over_events(struct link *l)
{
	if (list_empty(&l->events))
		return;
	pthread_mutex_lock(&l->lock);
	bool was_empty = list_empty(&l->outbox);
	list_append_all(&l->outbox, &l->events);
	pthread_mutex_unlock(&l->lock);
	if (was_empty)
		ring(l->event_fd);
}

static void publish_ended(void *data, uint64_t token, enum window_end end, const char *text)
{
	static const enum link_event_kind kinds[] = {
	    [WINDOW_CONFIRMED] = LINK_CONFIRMED,
	    [WINDOW_RETURNED] = LINK_RETURNED,
	    [WINDOW_NACKED] = LINK_NACKED,
	    [WINDOW_TIMEDOUT] = LINK_TIMEDOUT,
	};
	struct link_event *e = emit(data, kinds[end]);
	e->token = token;
	if (!text)
		return;
	e->error = xcalloc(1, sizeof *e->error);
	error_set(e->error, ERROR_FAILED, "%s", text);
}

/* ---- commands ---- */

static void command_free(struct command *c)
{
	list_remove(&c->link);
	message_destroy(c->message);
	free(c->exchange);
	free(c->key);
	free(c->queue);
	free(c->text);
	free(c);
}

static int inspect(struct link *l, const char *queue, const char *exchange, uint32_t *ready, struct error *err)
{
	if (!l->inspect_open && broker_open_channel(l->b, CHANNEL_INSPECT, false, err) < 0)
		return -1;
	l->inspect_open = true;
	int rc = queue ? broker_inspect_queue(l->b, CHANNEL_INSPECT, queue, ready, NULL, err)
	               : broker_inspect_exchange(l->b, CHANNEL_INSPECT, exchange, err);
	if (rc < 0)
		l->inspect_open = false;
	return rc;
}

static int start_consumer(struct link *l, unsigned i, struct error *err)
{
	struct link_consumer *c = &l->consumers[i];
	int channel = CHANNEL_CONSUMER + (int)i;
	char tag[64];
	if (!c->channel_open) {
		if (broker_open_channel(l->b, channel, false, err) < 0)
			return -1;
		c->channel_open = true;
		settle_reset(c->settle);
	}
	snprintf(tag, sizeof tag, "warren-%u-%u", i, ++c->starts);
	if (broker_consume(l->b, channel, c->queue, tag, c->prefetch, err) < 0)
		return -1;
	c->running = true;
	return 0;
}

static int stop_consumer(struct link *l, unsigned i, struct error *err)
{
	struct link_consumer *c = &l->consumers[i];
	char tag[64];
	if (!c->running)
		return 0;
	c->running = false;
	snprintf(tag, sizeof tag, "warren-%u-%u", i, c->starts);
	return broker_cancel(l->b, CHANNEL_CONSUMER + (int)i, tag, err);
}

static int do_consume(struct link *l, struct command *cmd, struct error *err)
{
	struct link_consumer *c = &l->consumers[cmd->consumer];
	if (c->running && stop_consumer(l, cmd->consumer, err) < 0)
		return -1;
	free(c->queue);
	c->queue = steal_ptr(cmd->queue);
	c->prefetch = cmd->prefetch;
	c->wanted = true;
	c->cancelled = false;
	return l->b ? start_consumer(l, cmd->consumer, err) : 0;
}

static int do_cancel(struct link *l, struct command *cmd, struct error *err)
{
	struct link_consumer *c = &l->consumers[cmd->consumer];
	c->wanted = false;
	c->cancelled = true;
	return l->b ? stop_consumer(l, cmd->consumer, err) : 0;
}

static void do_settle(struct link *l, const struct command *cmd)
{
	struct link_consumer *c = &l->consumers[cmd->consumer];
	if (l->b && cmd->generation == l->generation)
		settle_decide(c->settle, cmd->tag, cmd->verb);
}

static int do_query(struct link *l, const struct command *cmd, struct error *err)
{
	uint32_t ready = 0;
	bool known = l->b && inspect(l, cmd->queue, NULL, &ready, err) == 0;
	struct link_event *e = emit(l, LINK_DEPTH);
	e->token = cmd->token;
	e->count = known ? (int64_t)ready : -1;
	return l->b && broker_broken(l->b) ? -1 : 0;
}

/* -1: the connection is in doubt. */
static int do_command(struct link *l, struct command *cmd, struct error *err)
{
	switch (cmd->kind) {
	case COMMAND_PUBLISH:
		window_add(&l->window, cmd->token, cmd->exchange, cmd->key, steal_ptr(cmd->message),
		           cmd->deadline_at_ms);
		return 0;
	case COMMAND_CONSUME:
		return do_consume(l, cmd, err);
	case COMMAND_CANCEL:
		return do_cancel(l, cmd, err);
	case COMMAND_SETTLE:
		do_settle(l, cmd);
		return 0;
	case COMMAND_QUERY:
		return do_query(l, cmd, err);
	case COMMAND_REOPEN:
		return l->b ? error_set(err, ERROR_UNAVAILABLE, "opened anew on purpose: %s", cmd->text) : 0;
	}
	return 0;
}

static int do_commands(struct link *l, struct error *err)
{
	struct list commands;
	list_init(&commands);
	silence(l->wake_fd);
	pthread_mutex_lock(&l->lock);
	list_append_all(&commands, &l->inbox);
	pthread_mutex_unlock(&l->lock);
	int rc = 0;
	while (!list_empty(&commands)) {
		struct command *cmd = list_item(commands.next, struct command, link);
		/* After a failure the rest still has to be noted: it is done on the next connection. */
		if (rc < 0 && l->b && broker_broken(l->b) && cmd->kind != COMMAND_PUBLISH &&
		    cmd->kind != COMMAND_SETTLE) {
			struct broker *b = steal_ptr(l->b);
			do_command(l, cmd, err);
			l->b = b;
		} else if (do_command(l, cmd, rc < 0 ? NULL : err) < 0) {
			rc = -1;
		}
		command_free(cmd);
	}
	return rc;
}

static void announce_cancelled(struct link *l)
{
	for (unsigned i = 0; i < CONSUMERS; i++) {
		if (!l->consumers[i].cancelled)
			continue;
		l->consumers[i].cancelled = false;
		emit(l, LINK_CANCELLED)->consumer = i;
	}
}

/* ---- reading ---- */

static void on_delivery(struct link *l, struct broker_event *e)
{
	unsigned consumer = (unsigned)(e->channel - CHANNEL_CONSUMER);
	if (e->channel < CHANNEL_CONSUMER || consumer >= CONSUMERS || !l->consumers[consumer].settle) {
		message_destroy(e->message);
		return;
	}
	settle_delivered(l->consumers[consumer].settle, e->tag);
	struct link_event *out = emit(l, LINK_DELIVERY);
	out->consumer = consumer;
	out->tag = e->tag;
	out->redelivered = e->redelivered;
	out->message = e->message;
	out->routing_key = xstrdup(e->routing_key);
}

static void on_return(struct link *l, struct broker_event *e)
{
	window_returned(&l->window, e->message->message_id, e->text);
	message_destroy(e->message);
}

/* A channel that outlived its queue leader's death gets nacks for ever on 3.10.8; a new connection does not. */
static void on_nack(struct link *l, const struct broker_event *e)
{
	if (window_nacked(&l->window, e->tag, e->multiple) && l->reopen_at_ms == 0)
		l->reopen_at_ms = clock_monotonic_ms() + NACK_SETTLE_MS;
}

static int on_event(struct link *l, struct broker_event *e, struct error *err)
{
	switch (e->kind) {
	case BROKER_DELIVERY:
		on_delivery(l, e);
		return 0;
	case BROKER_RETURNED:
		on_return(l, e);
		return 0;
	case BROKER_ACKED:
		window_acked(&l->window, e->tag, e->multiple);
		return 0;
	case BROKER_NACKED:
		on_nack(l, e);
		return 0;
	case BROKER_BLOCKED:
		l->blocked = true;
		emit(l, LINK_BLOCKED)->text = xstrdup(e->text);
		return 0;
	case BROKER_UNBLOCKED:
		l->blocked = false;
		emit(l, LINK_UNBLOCKED);
		return 0;
	case BROKER_CONSUMER_GONE:
		return error_set(err, ERROR_UNAVAILABLE,
		                 "the broker cancelled consumer '%s' (its queue was deleted or moved)",
		                 e->consumer_tag);
	case BROKER_CHANNEL_CLOSED:
		return error_set(err,
		                 e->code == 403   ? ERROR_AUTH
		                 : e->code == 404 ? ERROR_CONFIG
		                                  : ERROR_UNAVAILABLE,
		                 "the broker closed a channel: %s", e->text);
	case BROKER_NOTHING:
		return 0;
	}
	return 0;
}

static int read_all(struct link *l, struct error *err)
{
	for (;;) {
		struct broker_event e;
		if (broker_read(l->b, 0, &e, err) < 0)
			return -1;
		if (e.kind == BROKER_NOTHING)
			return 0;
		if (on_event(l, &e, err) < 0)
			return -1;
	}
}

/* ---- writing ---- */

struct settling {
	struct link *link;
	int channel;
	int rc;
	struct error *err;
};

static void write_settle(void *data, uint64_t tag, enum settle_verb verb, bool multiple)
{
	struct settling *s = data;
	if (s->rc < 0)
		return;
	if (verb == SETTLE_ACK)
		s->rc = broker_ack(s->link->b, s->channel, tag, multiple, s->err);
	else
		s->rc = broker_nack(s->link->b, s->channel, tag, multiple, verb == SETTLE_REQUEUE, s->err);
}

static int write_settles(struct link *l, struct error *err)
{
	for (unsigned i = 0; i < CONSUMERS; i++) {
		struct link_consumer *c = &l->consumers[i];
		if (!c->channel_open)
			continue;
		struct settling s = {l, CHANNEL_CONSUMER + (int)i, 0, err};
		settle_flush(c->settle, write_settle, &s);
		if (s.rc < 0)
			return -1;
	}
	return 0;
}

static bool writable(const struct link *l)
{
	struct pollfd p = {.fd = broker_fd(l->b), .events = POLLOUT};
	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static bool may_publish(struct link *l)
{
	return !l->blocked && l->reopen_at_ms == 0 && window_next(&l->window);
}

static void cork(const struct link *l, int on)
{
	setsockopt(broker_fd(l->b), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

static int write_burst(struct link *l, struct error *err)
{
	int count = 0;
	struct publish *p;
	while (count < BURST && (p = window_next(&l->window))) {
		uint64_t tag;
		if (broker_publish(l->b, CHANNEL_PUBLISH, p->exchange, p->key, p->message, &tag, err) == 0)
			window_wrote(&l->window, p, tag);
		else if (broker_broken(l->b))
			return -1;
		else
			window_refuse(&l->window, p, err->text);
		count++;
	}
	return count;
}

/* How many were written; -1: the connection is in doubt. */
static int write_publishes(struct link *l, struct error *err)
{
	if (!may_publish(l) || !writable(l))
		return 0;
	cork(l, 1);
	int count = write_burst(l, err);
	cork(l, 0);
	return count;
}

/* ---- a connection's life ---- */

static void share_socket(struct link *l, int fd)
{
	pthread_mutex_lock(&l->lock);
	if (l->socket_fd >= 0)
		close(l->socket_fd);
	l->socket_fd = fd;
	pthread_mutex_unlock(&l->lock);
}

static int check_required(struct link *l, struct error *err)
{
	for (size_t i = 0; i < l->queue_count; i++)
		if (inspect(l, l->queues[i], NULL, NULL, err) < 0)
			return -1;
	for (size_t i = 0; i < l->exchange_count; i++)
		if (inspect(l, NULL, l->exchanges[i], NULL, err) < 0)
			return -1;
	return 0;
}

static int set_up(struct link *l, struct error *err)
{
	l->inspect_open = false;
	if (broker_open_channel(l->b, CHANNEL_PUBLISH, true, err) < 0 || check_required(l, err) < 0)
		return -1;
	for (unsigned i = 0; i < CONSUMERS; i++)
		if (l->consumers[i].wanted && start_consumer(l, i, err) < 0)
			return -1;
	return 0;
}

static void tear_down(struct link *l, bool polite)
{
	share_socket(l, -1);
	broker_destroy(steal_ptr(l->b), polite);
	l->blocked = false;
	l->reopen_at_ms = 0;
	window_rewind(&l->window);
	for (unsigned i = 0; i < CONSUMERS; i++)
		l->consumers[i].running = l->consumers[i].channel_open = false;
}

static int bring_up(struct link *l, struct error *err)
{
	l->b = broker_connect(&l->options, l->next_url++, err);
	if (!l->b)
		return -1;
	share_socket(l, dup(broker_fd(l->b)));
	l->generation++;
	if (set_up(l, err) < 0) {
		tear_down(l, true);
		return -1;
	}
	l->up_at_ms = clock_monotonic_ms();
	l->was_up = true;
	struct link_event *e = emit(l, LINK_UP);
	e->text = xstrdup(broker_peer(l->b));
	e->version = xstrdup(broker_version(l->b));
	return 0;
}

/* One turn of work. -1: the connection is in doubt. */
static int turn(struct link *l, struct error *err)
{
	int written;
	do {
		atomic_store(&l->busy_since_ms, clock_monotonic_ms());
		if (do_commands(l, err) < 0 || read_all(l, err) < 0 || write_settles(l, err) < 0)
			return -1;
		announce_cancelled(l);
		written = write_publishes(l, err);
		hand_over_events(l);
	} while (written > 0);
	return written;
}

static int wait_ms_until(int64_t at_ms, int64_t now_ms, int longest_ms)
{
	if (at_ms <= now_ms)
		return 0;
	return at_ms - now_ms < longest_ms ? (int)(at_ms - now_ms) : longest_ms;
}

static void wait_for_work(struct link *l, int64_t until_ms)
{
	int heartbeat_s = l->options.heartbeat_s > 0 ? l->options.heartbeat_s : 30;
	short events = may_publish(l) ? POLLIN | POLLOUT : POLLIN;
	struct pollfd fds[] = {{.fd = broker_fd(l->b), .events = events}, {.fd = l->wake_fd, .events = POLLIN}};
	int timeout = wait_ms_until(until_ms, clock_monotonic_ms(), heartbeat_s * 500);
	atomic_store(&l->busy_since_ms, 0);
	poll(fds, 2, timeout);
}

static int reopen_if_due(struct link *l, int64_t now_ms, struct error *err)
{
	bool answered = list_empty(&l->window.sent);
	if (l->reopen_at_ms == 0 || (!answered && now_ms < l->reopen_at_ms))
		return 0;
	return error_set(err, ERROR_UNAVAILABLE, "the broker refused publishes (nack): trying over a new connection");
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Works until the connection is in doubt (-1) or the link is told to stop (0). */
static int work(struct link *l, struct error *err)
{
	while (!atomic_load(&l->stop)) {
		if (turn(l, err) < 0)
			return -1;
		int64_t now_ms = clock_monotonic_ms();
		int64_t next_ms = window_expire(&l->window, now_ms);
		hand_over_events(l);
		if (reopen_if_due(l, now_ms, err) < 0)
			return -1;
		wait_for_work(l, l->reopen_at_ms ? earliest(next_ms, l->reopen_at_ms) : next_ms);
	}
	return turn(l, err) < 0 ? -1 : 0;
}

/* ---- reconnecting ---- */

static bool is_final(const struct link *l, const struct error *err)
{
	bool refused = err->kind == ERROR_AUTH || err->kind == ERROR_CONFIG;
	if (!l->was_up)
		return refused || (l->give_up && l->next_url % l->options.url_count == 0);
	return refused && l->give_up;
}

static int64_t backoff_ms(struct link *l)
{
	if (l->next_url % l->options.url_count != 0 && l->failed_rounds == 0)
		return 0; /* the next URL of the first round at once */
	int64_t cap = BACKOFF_MAX_MS;
	if (l->failed_rounds < 6)
		cap = (int64_t)BACKOFF_BASE_MS << l->failed_rounds;
	l->failed_rounds++;
	return 50 + (int64_t)(random_unit() * (double)cap);
}

/* Commands and deadlines go on while there is no connection. */
static void wait_disconnected(struct link *l, int64_t ms)
{
	int64_t until_ms = clock_monotonic_ms() + ms, now_ms;
	struct error ignored;
	do {
		do_commands(l, &ignored);
		announce_cancelled(l);
		now_ms = clock_monotonic_ms();
		int64_t next_ms = earliest(window_expire(&l->window, now_ms), until_ms);
		hand_over_events(l);
		struct pollfd p = {.fd = l->wake_fd, .events = POLLIN};
		atomic_store(&l->busy_since_ms, 0);
		poll(&p, 1, wait_ms_until(next_ms, now_ms, BACKOFF_MAX_MS));
	} while (!atomic_load(&l->stop) && clock_monotonic_ms() < until_ms);
}

static bool end_if_final(struct link *l, const struct error *err)
{
	bool final = is_final(l, err);
	emit_error(l, final ? LINK_FAILED : LINK_DOWN, err);
	hand_over_events(l);
	l->finished = final;
	return final;
}

static void *thread_main(void *arg)
{
	struct link *l = arg;
	struct error err = {0};
	pthread_setname_np(pthread_self(), l->role);
	while (!atomic_load(&l->stop)) {
		atomic_store(&l->busy_since_ms, clock_monotonic_ms());
		int rc = bring_up(l, &err);
		if (rc == 0) {
			rc = work(l, &err);
			if (clock_monotonic_ms() - l->up_at_ms > STABLE_MS)
				l->failed_rounds = 0;
			tear_down(l, rc == 0);
		}
		if (rc == 0)
			break;
		if (end_if_final(l, &err))
			break;
		wait_disconnected(l, backoff_ms(l));
	}
	return NULL;
}

/* ---- the owner's side ---- */

static char **copy_texts(const char *const *texts, size_t count)
{
	char **copy = xcalloc(count, sizeof *copy);
	for (size_t i = 0; i < count; i++)
		copy[i] = xstrdup(texts[i]);
	return copy;
}

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; texts && i < count; i++)
		free(texts[i]);
	free(texts);
}

static void copy_options(struct link *l, const struct link_options *o)
{
	const struct broker_options *from = o->broker;
	l->role = xstrdup(o->role);
	l->name = xprintf("%s %s", from->name ? from->name : "warren", o->role);
	l->options = *from;
	l->options.urls = (const char *const *)copy_texts(from->urls, from->url_count);
	l->options.user = xstrdup(from->user);
	l->options.password = xstrdup(from->password);
	l->options.name = l->name;
	l->options.tls_ca = xstrdup(from->tls_ca);
	l->options.tls_cert = xstrdup(from->tls_cert);
	l->options.tls_key = xstrdup(from->tls_key);
	l->queues = copy_texts(o->require_queues, o->require_queue_count);
	l->queue_count = o->require_queue_count;
	l->exchanges = copy_texts(o->require_exchanges, o->require_exchange_count);
	l->exchange_count = o->require_exchange_count;
	l->give_up = o->give_up;
}

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void free_options(struct link *l)
{
	free_texts((char **)l->options.urls, l->options.url_count);
	free((char *)l->options.user);
	wipe((char *)l->options.password);
	free((char *)l->options.tls_ca);
	free((char *)l->options.tls_cert);
	free((char *)l->options.tls_key);
	free_texts(l->queues, l->queue_count);
	free_texts(l->exchanges, l->exchange_count);
	free(l->role);
	free(l->name);
}

static void link_free(struct link *l)
{
	struct command *c;
	while (!list_empty(&l->pending))
		c = list_item(l->pending.next, struct command, link), command_free(c);
	while (!list_empty(&l->inbox))
		c = list_item(l->inbox.next, struct command, link), command_free(c);
	list_append_all(&l->outbox, &l->events);
	while (!list_empty(&l->outbox)) {
		struct link_event *e = list_item(l->outbox.next, struct link_event, link);
		list_remove(&e->link);
		link_event_destroy(e);
	}
	window_finish(&l->window);
	for (unsigned i = 0; i < CONSUMERS; i++) {
		free(l->consumers[i].queue);
		settle_destroy(l->consumers[i].settle);
	}
	free_options(l);
	close_fd(&l->socket_fd);
	close_fd(&l->wake_fd);
	close_fd(&l->event_fd);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* Signals belong to the owner's loop. */
static int start_thread(struct link *l)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&l->thread, NULL, thread_main, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

struct link *link_create(const struct link_options *o, struct error *err)
{
	struct link *l = xcalloc(1, sizeof *l);
	list_init(&l->pending);
	list_init(&l->inbox);
	list_init(&l->outbox);
	list_init(&l->events);
	window_init(&l->window, publish_ended, l);
	pthread_mutex_init(&l->lock, NULL);
	copy_options(l, o);
	for (unsigned i = 0; i < CONSUMERS; i++)
		l->consumers[i].settle = settle_create();
	l->socket_fd = -1;
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int rc = l->wake_fd < 0 || l->event_fd < 0 ? errno : start_thread(l);
	if (rc != 0) {
		error_set_errno(err, ERROR_BUG, rc, "the %s connection's thread cannot be started", o->role);
		link_free(l);
		return NULL;
	}
	return l;
}

int link_fd(const struct link *l)
{
	return l->event_fd;
}

void link_take(struct link *l, struct list *events)
{
	silence(l->event_fd);
	pthread_mutex_lock(&l->lock);
	list_append_all(events, &l->outbox);
	pthread_mutex_unlock(&l->lock);
}

void link_flush(struct link *l)
{
	if (list_empty(&l->pending))
		return;
	pthread_mutex_lock(&l->lock);
	list_append_all(&l->inbox, &l->pending);
	pthread_mutex_unlock(&l->lock);
	ring(l->wake_fd);
}

static struct command *command(struct link *l, enum command_kind kind)
{
	struct command *c = xcalloc(1, sizeof *c);
	c->kind = kind;
	list_append(&l->pending, &c->link);
	return c;
}

void link_publish(struct link *l, uint64_t token, const char *exchange, const char *key, struct message *m,
                  int64_t deadline_ms)
{
	struct command *c = command(l, COMMAND_PUBLISH);
	c->token = token;
	c->exchange = xstrdup(exchange);
	c->key = xstrdup(key);
	c->message = m;
	c->deadline_at_ms = deadline_ms > 0 ? clock_monotonic_ms() + deadline_ms : INT64_MAX;
}

static struct command *consumer_command(struct link *l, enum command_kind kind, unsigned consumer)
{
	if (consumer >= CONSUMERS)
		abort();
	struct command *c = command(l, kind);
	c->consumer = consumer;
	return c;
}

void link_consume(struct link *l, unsigned consumer, const char *queue, uint16_t prefetch)
{
	struct command *c = consumer_command(l, COMMAND_CONSUME, consumer);
	c->queue = xstrdup(queue);
	c->prefetch = prefetch;
}

void link_cancel(struct link *l, unsigned consumer)
{
	consumer_command(l, COMMAND_CANCEL, consumer);
}

void link_settle(struct link *l, unsigned consumer, uint64_t generation, uint64_t tag, enum settle_verb verb)
{
	struct command *c = consumer_command(l, COMMAND_SETTLE, consumer);
	c->generation = generation;
	c->tag = tag;
	c->verb = verb;
}

void link_query(struct link *l, uint64_t token, const char *queue)
{
	struct command *c = command(l, COMMAND_QUERY);
	c->token = token;
	c->queue = xstrdup(queue);
}

void link_reopen(struct link *l, const char *why)
{
	command(l, COMMAND_REOPEN)->text = xstrdup(why);
}

static void unstick(struct link *l)
{
	pthread_mutex_lock(&l->lock);
	if (l->socket_fd >= 0)
		shutdown(l->socket_fd, SHUT_RDWR);
	pthread_mutex_unlock(&l->lock);
}

void link_watch(struct link *l, int64_t limit_ms)
{
	int64_t since_ms = atomic_load(&l->busy_since_ms);
	if (since_ms != 0 && clock_monotonic_ms() - since_ms > limit_ms)
		unstick(l);
}

static bool join_within(struct link *l, int64_t ms)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return pthread_timedjoin_np(l->thread, NULL, &until) == 0;
}

void link_destroy(struct link *l, int64_t wait_ms)
{
	if (!l)
		return;
	link_flush(l);
	atomic_store(&l->stop, true);
	ring(l->wake_fd);
	if (!join_within(l, wait_ms)) {
		unstick(l);
		if (!join_within(l, 1000)) {
			pthread_detach(l->thread); /* a name look-up holds it: its memory is left to it */
			return;
		}
	}
	link_free(l);
}
