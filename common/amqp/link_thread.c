/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/link_thread.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/amqp/link_mailbox.h"
#include "common/amqp/link_turn.h"
#include "common/base/memory.h"
#include "common/base/random.h"

enum {
	BACKOFF_BASE_MS = 500,
	BACKOFF_MAX_MS = 10000,
	STABLE_MS = 10000,
};

static void emit_error(struct link *l, enum link_event_kind kind, const struct error *err)
{
	struct link_event *e = link_emit(l, kind);
	e->error = xcalloc(1, sizeof *e->error);
	*e->error = *err;
}

void link_publish_ended(void *data, uint64_t token, enum window_end end, const struct error *why)
{
	static const enum link_event_kind kinds[] = {
	    [WINDOW_CONFIRMED] = LINK_CONFIRMED, [WINDOW_RETURNED] = LINK_RETURNED,
	    [WINDOW_NACKED] = LINK_NACKED,       [WINDOW_TIMEDOUT] = LINK_TIMEDOUT,
	    [WINDOW_UNFIT] = LINK_UNFIT,
	};
	struct link_event *e = link_emit(data, kinds[end]);
	e->token = token;
	if (!why)
		return;
	e->error = xcalloc(1, sizeof *e->error);
	*e->error = *why;
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

/*
 * A queue that is lost later stops only its consumer, so queues are checked until the link was up.
 * A command line tool has no consumers, and checks them on every connect.
 */
static int check_required(struct link *l, struct error *err)
{
	for (size_t i = 0; i < l->queue_count && (!l->was_up || l->give_up); i++)
		if (link_inspect(l, l->queues[i], NULL, NULL, err) < 0)
			return -1;
	for (size_t i = 0; i < l->exchange_count; i++)
		if (link_inspect(l, NULL, l->exchanges[i], NULL, err) < 0)
			return -1;
	return 0;
}

static int set_up(struct link *l, struct error *err)
{
	l->inspect_open = false;
	link_expect_answer(l);
	if (broker_open_channel(l->b, CHANNEL_PUBLISH, true, err) < 0 || check_required(l, err) < 0)
		return -1;
	for (unsigned i = 0; i < CONSUMERS; i++)
		if (l->consumers[i].wanted && link_start_consumer(l, i, err) < 0)
			return -1;
	return 0;
}

static void tear_down(struct link *l, bool polite)
{
	broker_destroy(steal_ptr(l->b), polite);
	share_socket(l, -1); /* not earlier: link_destroy may have to end a goodbye */
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
		if (!broker_broken(l->b))
			error_wrap(err, "broker %s", broker_peer(l->b));
		tear_down(l, true);
		return -1;
	}
	l->up_at_ms = clock_monotonic_ms();
	l->was_up = true;
	struct link_event *e = link_emit(l, LINK_UP);
	e->text = xstrdup(broker_peer(l->b));
	e->version = xstrdup(broker_version(l->b));
	e->header_max = broker_header_max(l->b);
	return 0;
}

static int wait_ms_until(int64_t at_ms, int64_t now_ms, int longest_ms)
{
	if (at_ms <= now_ms)
		return 0;
	return at_ms - now_ms < longest_ms ? (int)(at_ms - now_ms) : longest_ms;
}

static void wait_for_work(struct link *l, int64_t until_ms)
{
	short events = link_may_publish(l) ? POLLIN | POLLOUT : POLLIN;
	struct pollfd fds[] = {{.fd = broker_fd(l->b), .events = events},
	                       {.fd = l->wake_fd, .events = POLLIN}};
	int timeout = wait_ms_until(until_ms, clock_monotonic_ms(), link_heartbeat_ms(l) / 2);
	atomic_store(&l->stuck_at_ms, 0);
	poll(fds, 2, timeout);
}

static int reopen_if_due(struct link *l, int64_t now_ms, struct error *err)
{
	bool answered = list_empty(&l->window.sent);
	if (l->reopen_at_ms == 0 || (!answered && now_ms < l->reopen_at_ms))
		return 0;
	return error_set(err, ERROR_UNAVAILABLE,
	                 "the broker refused publishes (nack): trying over a new connection");
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * Works while the connection is up. Returns -1 when it is in doubt, and 0 when the link is told to
 * stop.
 */
static int work(struct link *l, struct error *err)
{
	while (!atomic_load(&l->stop)) {
		if (link_turn(l, err) < 0)
			return -1;
		int64_t now_ms = clock_monotonic_ms();
		int64_t next_ms = earliest(window_expire(&l->window, now_ms), link_retry_at_ms(l));
		link_hand_over(l);
		if (reopen_if_due(l, now_ms, err) < 0)
			return -1;
		wait_for_work(l, l->reopen_at_ms ? earliest(next_ms, l->reopen_at_ms) : next_ms);
	}
	if (link_turn(l, err) < 0)
		return -1;
	link_let_settle(l);
	return 0;
}

/* ---- reconnecting ---- */

/*
 * One node's certificate may be bad and another's good. So every URL is tried before the first
 * start is given up.
 */
static bool is_final(const struct link *l, const struct error *err)
{
	bool refused = err->kind == ERROR_AUTH || err->kind == ERROR_CONFIG;
	if (!l->was_up)
		return (refused || l->give_up) && l->next_url % l->options.url_count == 0;
	return refused && l->give_up;
}

static int64_t backoff_ms(struct link *l)
{
	if (l->next_url % l->options.url_count != 0 && l->failed_rounds == 0)
		return 0; /* in the first round the next URL is tried at once */
	int64_t cap = BACKOFF_MAX_MS;
	if (l->failed_rounds < 6)
		cap = (int64_t)BACKOFF_BASE_MS << l->failed_rounds;
	l->failed_rounds++;
	return 50 + (int64_t)(random_unit() * (double)cap);
}

/* Commands are taken and deadlines pass while there is no connection. */
static void wait_disconnected(struct link *l, int64_t ms)
{
	int64_t until_ms = clock_monotonic_ms() + ms, now_ms;
	struct error ignored;
	do {
		link_do_commands(l, &ignored);
		link_announce_cancelled(l);
		now_ms = clock_monotonic_ms();
		int64_t next_ms = earliest(window_expire(&l->window, now_ms), until_ms);
		link_hand_over(l);
		struct pollfd p = {.fd = l->wake_fd, .events = POLLIN};
		atomic_store(&l->stuck_at_ms, 0);
		poll(&p, 1, wait_ms_until(next_ms, now_ms, BACKOFF_MAX_MS));
	} while (!atomic_load(&l->stop) && clock_monotonic_ms() < until_ms);
}

static bool end_if_final(struct link *l, const struct error *err)
{
	bool final = is_final(l, err);
	emit_error(l, final ? LINK_FAILED : LINK_DOWN, err);
	link_hand_over(l);
	l->finished = final;
	return final;
}

void *link_thread(void *arg)
{
	struct link *l = arg;
	struct error err = {0};
	pthread_setname_np(pthread_self(), l->role);
	while (!atomic_load(&l->stop)) {
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
