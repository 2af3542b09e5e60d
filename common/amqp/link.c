/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/link.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/amqp/link_mailbox.h"
#include "common/amqp/link_thread.h"
#include "common/base/memory.h"

enum { STACK_SIZE = 16 * 1024 * 1024 };

/* ---- life ---- */

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
		c = list_item(l->pending.next, struct command, link), link_command_free(c);
	while (!list_empty(&l->inbox))
		c = list_item(l->inbox.next, struct command, link), link_command_free(c);
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

/*
 * Signals belong to the owner's loop, so the thread blocks them. Its stack does not depend on
 * ulimit -s: rabbitmq-c decodes nested headers by recursion without a bound, and what fits into one
 * frame takes between 2 and 3 MiB. Only pages that are touched cost memory.
 */
static int start_thread(struct link *l)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int rc = pthread_attr_init(&attr);
	if (rc != 0)
		return rc;
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&l->thread, &attr, link_thread, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

struct link *link_create(const struct link_options *o, struct error *err)
{
	struct link *l = xcalloc(1, sizeof *l);
	list_init(&l->pending);
	list_init(&l->inbox);
	list_init(&l->outbox);
	list_init(&l->events);
	window_init(&l->window, link_publish_ended, l);
	pthread_mutex_init(&l->lock, NULL);
	copy_options(l, o);
	for (unsigned i = 0; i < CONSUMERS; i++)
		l->consumers[i].settle = settle_create();
	l->socket_fd = -1;
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int rc = l->wake_fd < 0 || l->event_fd < 0 ? errno : start_thread(l);
	if (rc != 0) {
		error_set_errno(err, ERROR_BUG, rc, "the %s connection's thread cannot be started",
		                o->role);
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
	link_silence(l->event_fd);
	pthread_mutex_lock(&l->lock);
	list_append_all(events, &l->outbox);
	pthread_mutex_unlock(&l->lock);
}

void link_flush(struct link *l)
{
	link_send_commands(l);
}

bool link_flush_unless_few(struct link *l, unsigned few)
{
	if (l->pending_settles > 0 && l->pending_settles < few && !l->pending_others)
		return true;
	link_flush(l);
	return false;
}

void link_publish(struct link *l, uint64_t token, const char *exchange, const char *key,
                  struct message *m, int64_t deadline_ms)
{
	struct command *c = link_command(l, COMMAND_PUBLISH);
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
	struct command *c = link_command(l, kind);
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

void link_settle(struct link *l, unsigned consumer, uint64_t generation, uint64_t tag,
                 enum settle_verb verb)
{
	struct command *c = consumer_command(l, COMMAND_SETTLE, consumer);
	c->generation = generation;
	c->tag = tag;
	c->verb = verb;
}

void link_query(struct link *l, uint64_t token, const char *queue)
{
	struct command *c = link_command(l, COMMAND_QUERY);
	c->token = token;
	c->queue = xstrdup(queue);
}

void link_reopen(struct link *l, const char *why)
{
	link_command(l, COMMAND_REOPEN)->text = xstrdup(why);
}

static void unstick(struct link *l)
{
	pthread_mutex_lock(&l->lock);
	if (l->socket_fd >= 0)
		shutdown(l->socket_fd, SHUT_RDWR);
	pthread_mutex_unlock(&l->lock);
}

void link_watch(struct link *l)
{
	int64_t stuck_at_ms = atomic_load(&l->stuck_at_ms);
	if (stuck_at_ms != 0 && clock_monotonic_ms() > stuck_at_ms)
		unstick(l);
}

static bool join_within(struct link *l, int64_t ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return pthread_clockjoin_np(l->thread, NULL, CLOCK_MONOTONIC, &until) == 0;
}

void link_end(struct link *l)
{
	if (!l)
		return;
	link_flush(l);
	atomic_store(&l->stop, true);
	link_ring(l->wake_fd);
}

void link_destroy(struct link *l, int64_t wait_ms)
{
	if (!l)
		return;
	link_end(l);
	if (!join_within(l, wait_ms)) {
		unstick(l);
		if (!join_within(l, 1000)) {
			pthread_detach(l->thread); /* the thread still uses the memory of l */
			return;
		}
	}
	link_free(l);
}
