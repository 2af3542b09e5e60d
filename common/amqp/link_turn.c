/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/link_turn.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/amqp/link_mailbox.h"
#include "common/amqp/close_reason.h"
#include "common/base/memory.h"

enum {
	/* The heartbeat when none was negotiated. */
	HEARTBEAT_S = 30,
	/* Publishes between two looks at what the broker says. */
	BURST = 64,
	SETTLED_LATELY_MS = 1000,
	/* Frames. A channel of the broker lets 32 commands go, and not all of them are ours. */
	SETTLES_AT_ONCE = 16,
	SETTLE_ROUNDS = 3,
	SETTLE_PAUSE_MS = 40,
	/* The first delay before a consumer that was refused is tried again. It doubles each time,
	 * up to REFUSED_MAX_MS. */
	REFUSED_BASE_MS = 500,
	REFUSED_MAX_MS = 15000,
	/* After a nack, how long answers are awaited before the connection is replaced. */
	NACK_SETTLE_MS = 2000,
};

int link_heartbeat_ms(const struct link *l)
{
	int negotiated_s = l->b ? broker_heartbeat_s(l->b) : 0;
	return (negotiated_s > 0 ? negotiated_s : HEARTBEAT_S) * 1000;
}

void link_expect_write(struct link *l)
{
	atomic_store(&l->stuck_at_ms, clock_monotonic_ms() + (int64_t)2 * link_heartbeat_ms(l));
}

void link_expect_answer(struct link *l)
{
	int64_t limit_ms = (int64_t)2 * link_heartbeat_ms(l) + broker_rpc_timeout_ms(&l->options);
	atomic_store(&l->stuck_at_ms, clock_monotonic_ms() + limit_ms);
}

/* ---- commands ---- */

int link_inspect(struct link *l, const char *queue, const char *exchange, uint32_t *ready,
                 struct error *err)
{
	link_expect_answer(l);
	if (!l->inspect_open && broker_open_channel(l->b, CHANNEL_INSPECT, false, err) < 0)
		return -1;
	l->inspect_open = true;
	int rc = queue ? broker_inspect_queue(l->b, CHANNEL_INSPECT, queue, ready, NULL, err)
	               : broker_inspect_exchange(l->b, CHANNEL_INSPECT, exchange, err);
	if (rc < 0)
		l->inspect_open = false;
	bool untold =
	    rc < 0 && !ready && err && !broker_broken(l->b) && err->cause == CAUSE_MAY_NOT_LOOK;
	return untold ? 0 : rc;
}

static void tell_refusal(struct link *l, unsigned i, const struct error *why)
{
	struct link_consumer *c = &l->consumers[i];
	int64_t pause_ms =
	    c->refusals < 5 ? (int64_t)REFUSED_BASE_MS << c->refusals : REFUSED_MAX_MS;
	c->refusals++;
	c->retry_at_ms = clock_monotonic_ms() + pause_ms;
	struct link_event *e = link_emit(l, LINK_REFUSED);
	e->consumer = i;
	e->error = xcalloc(1, sizeof *e->error);
	*e->error = *why;
}

int link_start_consumer(struct link *l, unsigned i, struct error *err)
{
	struct link_consumer *c = &l->consumers[i];
	int channel = CHANNEL_CONSUMER + (int)i;
	bool fresh = !c->channel_open;
	struct error refusal = {0};
	char tag[64];
	c->retry_at_ms = INT64_MAX;
	link_expect_answer(l);
	if (fresh) {
		if (broker_open_channel(l->b, channel, false, err) < 0)
			return -1;
		settle_reset(c->settle);
	}
	snprintf(tag, sizeof tag, "warren-%u-%u", i, ++c->starts);
	c->running = broker_consume(l->b, channel, c->queue, tag, c->prefetch, &refusal) == 0;
	c->channel_open = c->running;
	if (c->running) {
		c->refusals = 0;
		link_emit(l, LINK_CONSUMES)->consumer = i;
		return 0;
	}
	if (!fresh || broker_broken(l->b)) {
		if (err)
			*err = refusal;
		return -1;
	}
	tell_refusal(l, i, &refusal);
	return 0;
}

int64_t link_retry_at_ms(const struct link *l)
{
	int64_t at_ms = INT64_MAX;
	for (const struct link_consumer *c = l->consumers; c < l->consumers + CONSUMERS; c++)
		if (c->wanted && !c->running && c->retry_at_ms < at_ms)
			at_ms = c->retry_at_ms;
	return at_ms;
}

static int retry_consumers(struct link *l, struct error *err)
{
	int64_t now_ms = clock_monotonic_ms();
	for (unsigned i = 0; i < CONSUMERS; i++) {
		const struct link_consumer *c = &l->consumers[i];
		if (c->wanted && !c->running && c->retry_at_ms <= now_ms &&
		    link_start_consumer(l, i, err) < 0)
			return -1;
	}
	return 0;
}

static int stop_consumer(struct link *l, unsigned i, struct error *err)
{
	struct link_consumer *c = &l->consumers[i];
	char tag[64];
	if (!c->running)
		return 0;
	c->running = false;
	link_expect_answer(l);
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
	return l->b ? link_start_consumer(l, cmd->consumer, err) : 0;
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
	bool known = l->b && link_inspect(l, cmd->queue, NULL, &ready, err) == 0;
	struct link_event *e = link_emit(l, LINK_DEPTH);
	e->token = cmd->token;
	e->count = known ? (int64_t)ready : -1;
	return l->b && broker_broken(l->b) ? -1 : 0;
}

/* Returns -1 if the connection is in doubt. */
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
		return l->b ? error_set(err, ERROR_UNAVAILABLE, "the connection was reopened: %s",
		                        cmd->text)
		            : 0;
	}
	return 0;
}

int link_do_commands(struct link *l, struct error *err)
{
	struct list commands;
	list_init(&commands);
	link_silence(l->wake_fd);
	pthread_mutex_lock(&l->lock);
	list_append_all(&commands, &l->inbox);
	pthread_mutex_unlock(&l->lock);
	int rc = 0;
	while (!list_empty(&commands)) {
		struct command *cmd = list_item(commands.next, struct command, link);
		/* After a failure the rest is only noted, and is done on the next connection. */
		if (rc < 0 && l->b && broker_broken(l->b) && cmd->kind != COMMAND_PUBLISH &&
		    cmd->kind != COMMAND_SETTLE) {
			struct broker *b = steal_ptr(l->b);
			do_command(l, cmd, err);
			l->b = b;
		} else if (do_command(l, cmd, rc < 0 ? NULL : err) < 0) {
			rc = -1;
		}
		link_command_free(cmd);
	}
	return rc;
}

void link_announce_cancelled(struct link *l)
{
	for (unsigned i = 0; i < CONSUMERS; i++) {
		if (!l->consumers[i].cancelled)
			continue;
		l->consumers[i].cancelled = false;
		link_emit(l, LINK_CANCELLED)->consumer = i;
	}
}

/* ---- reading ---- */

static void on_delivery(struct link *l, struct broker_event *e)
{
	unsigned consumer = (unsigned)(e->channel - CHANNEL_CONSUMER);
	if (e->channel < CHANNEL_CONSUMER || consumer >= CONSUMERS ||
	    !l->consumers[consumer].settle) {
		message_destroy(e->message);
		return;
	}
	settle_delivered(l->consumers[consumer].settle, e->tag);
	struct link_event *out = link_emit(l, LINK_DELIVERY);
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

/*
 * On 3.10.8 a channel that outlived its queue leader gets nacks for ever. A new connection does
 * not.
 */
static void on_nack(struct link *l, const struct broker_event *e)
{
	if (window_nacked(&l->window, e->tag, e->multiple) && l->reopen_at_ms == 0)
		l->reopen_at_ms = clock_monotonic_ms() + NACK_SETTLE_MS;
}

/*
 * The broker closed the channel over a publish. It would be the first one again on the next
 * connection, and no later publish would ever get through.
 */
static void refuse_exchange(struct link *l, const struct close_reason *r, const struct error *why)
{
	if (!l->give_up && r->exchange.at)
		window_refuse_exchange(&l->window, r->exchange, why);
}

/*
 * The broker closes the channel over a message that is too large. Published again, the message
 * would close the next channel too.
 */
static void drop_oversized(struct link *l, const struct close_reason *r, const struct error *why)
{
	if (r->cause == CAUSE_TOO_LARGE)
		window_oversized(&l->window, r->size, why);
}

/* The publishes that made the broker close the channel must not do so again. */
static void end_publishes(struct link *l, const struct close_reason *r, const char *text)
{
	struct error why = {0};
	error_set(&why, r->kind, "%s", text);
	error_because(&why, r->cause);
	refuse_exchange(l, r, &why);
	drop_oversized(l, r, &why);
}

/* The broker sends no reason, so the text names all that are possible. */
static int on_consumer_gone(struct link *l, const struct broker_event *e, struct error *err)
{
	bool by_timeout = broker_is_at_least(l->b, 4, 3);
	return error_set(
	    err, ERROR_UNAVAILABLE,
	    "the broker cancelled consumer '%s': its queue was deleted or moved%s", e->consumer_tag,
	    by_timeout
	        ? ", or a delivery was held for longer than the broker's consumer_timeout, which "
	          "must not be shorter than the setting broker_consumer_timeout"
	        : "");
}

static int on_channel_closed(struct link *l, const struct broker_event *e, struct error *err)
{
	struct close_reason r = close_reason_read(e->code, e->text);
	bool is_settings =
	    r.cause == CAUSE_NO_QUEUE || r.cause == CAUSE_NO_EXCHANGE || r.kind == ERROR_AUTH;
	enum error_kind kind = is_settings ? r.kind : ERROR_UNAVAILABLE;
	if (e->channel == CHANNEL_PUBLISH)
		end_publishes(l, &r, e->text);
	if (r.cause == CAUSE_HELD_TOO_LONG)
		error_set(err, kind,
		          "a delivery was held for longer than the broker's "
		          "consumer_timeout, which must not be "
		          "shorter than the setting broker_consumer_timeout (%s)",
		          e->text);
	else
		error_set(err, kind, "the broker closed a channel: %s", e->text);
	return error_because(err, r.cause);
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
		link_emit(l, LINK_BLOCKED)->text = xstrdup(e->text);
		return 0;
	case BROKER_UNBLOCKED:
		l->blocked = false;
		link_emit(l, LINK_UNBLOCKED);
		return 0;
	case BROKER_CONSUMER_GONE:
		return on_consumer_gone(l, e, err);
	case BROKER_CHANNEL_CLOSED:
		return on_channel_closed(l, e, err);
	case BROKER_NOTHING:
		return 0;
	}
	return 0;
}

static int read_all(struct link *l, struct error *err)
{
	for (;;) {
		struct broker_event e;
		link_expect_write(l); /* heartbeats */
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
	unsigned wrote; /* frames */
	int rc;
	struct error *err;
};

static void write_settle(void *data, uint64_t tag, enum settle_verb verb, bool multiple)
{
	struct settling *s = data;
	if (s->rc < 0)
		return;
	s->wrote++;
	link_expect_write(s->link);
	if (verb == SETTLE_ACK)
		s->rc = broker_ack(s->link->b, s->channel, tag, multiple, s->err);
	else
		s->rc = broker_nack(s->link->b, s->channel, tag, multiple, verb == SETTLE_REQUEUE,
		                    s->err);
}

static void note_settles(struct link_consumer *c, unsigned frames)
{
	int64_t now_ms = clock_monotonic_ms();
	if (now_ms - c->settled_at_ms > SETTLED_LATELY_MS)
		c->settles = 0;
	c->settles += frames;
	c->settled_at_ms = now_ms;
}

static int write_settles(struct link *l, struct error *err)
{
	for (unsigned i = 0; i < CONSUMERS; i++) {
		struct link_consumer *c = &l->consumers[i];
		if (!c->channel_open)
			continue;
		struct settling s = {.link = l, .channel = CHANNEL_CONSUMER + (int)i, .err = err};
		settle_flush(c->settle, write_settle, &s);
		if (s.wrote > 0)
			note_settles(c, s.wrote);
		if (s.rc < 0)
			return -1;
	}
	return 0;
}

static bool settled_lately(const struct link *l, unsigned i)
{
	const struct link_consumer *c = &l->consumers[i];
	return c->channel_open && c->settled_at_ms + SETTLED_LATELY_MS > clock_monotonic_ms();
}

void link_let_settle(struct link *l)
{
	for (int round = 0; round < SETTLE_ROUNDS; round++) {
		bool many = false;
		for (unsigned i = 0; i < CONSUMERS; i++) {
			if (!settled_lately(l, i))
				continue;
			many = many || l->consumers[i].settles > SETTLES_AT_ONCE;
			link_expect_answer(l);
			if (broker_inspect_queue(l->b, CHANNEL_CONSUMER + (int)i,
			                         l->consumers[i].queue, NULL, NULL, NULL) < 0)
				l->consumers[i].channel_open = false;
			if (broker_broken(l->b))
				return;
		}
		if (!many)
			return;
		poll(NULL, 0, SETTLE_PAUSE_MS);
	}
}

static bool writable(const struct link *l)
{
	struct pollfd p = {.fd = broker_fd(l->b), .events = POLLOUT};
	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

bool link_may_publish(struct link *l)
{
	return !l->blocked && l->reopen_at_ms == 0 && window_next(&l->window);
}

static int write_burst(struct link *l, struct error *err)
{
	int count = 0;
	struct publish *p;
	while (count < BURST && (p = window_next(&l->window))) {
		uint64_t tag;
		link_expect_write(l);
		if (broker_publish(l->b, CHANNEL_PUBLISH, p->exchange, p->key, p->message, &tag,
		                   err) == 0)
			window_wrote(&l->window, p, tag);
		else if (broker_broken(l->b))
			return -1;
		else
			window_unfit(&l->window, p, err);
		count++;
	}
	return count;
}

/* Returns how many were written, or -1 if the connection is in doubt. */
static int write_publishes(struct link *l, struct error *err)
{
	if (!link_may_publish(l) || !writable(l))
		return 0;
	broker_gather(l->b);
	int count = write_burst(l, err);
	if (broker_broken(l->b))
		return -1;
	link_expect_write(l);
	return broker_flush(l->b, err) < 0 ? -1 : count;
}

int link_turn(struct link *l, struct error *err)
{
	int written;
	do {
		if (link_do_commands(l, err) < 0 || retry_consumers(l, err) < 0 ||
		    read_all(l, err) < 0 || write_settles(l, err) < 0)
			return -1;
		link_announce_cancelled(l);
		written = write_publishes(l, err);
		link_hand_over(l);
	} while (written > 0);
	return written;
}
