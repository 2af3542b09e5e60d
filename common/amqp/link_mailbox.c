/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/link_mailbox.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/memory.h"

void link_ring(int fd)
{
	uint64_t one = 1;
	while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void link_silence(int fd)
{
	uint64_t count;
	while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
		;
}

/* ---- commands ---- */

struct command *link_command(struct link *l, enum command_kind kind)
{
	struct command *c = xcalloc(1, sizeof *c);
	c->kind = kind;
	if (kind == COMMAND_SETTLE)
		l->pending_settles++;
	else
		l->pending_others = true;
	list_append(&l->pending, &c->link);
	return c;
}

void link_send_commands(struct link *l)
{
	if (list_empty(&l->pending))
		return;
	pthread_mutex_lock(&l->lock);
	list_append_all(&l->inbox, &l->pending);
	pthread_mutex_unlock(&l->lock);
	l->pending_settles = 0;
	l->pending_others = false;
	link_ring(l->wake_fd);
}

void link_command_free(struct command *c)
{
	list_remove(&c->link);
	message_destroy(c->message);
	free(c->exchange);
	free(c->key);
	free(c->queue);
	free(c->text);
	free(c);
}

/* ---- events ---- */

struct link_event *link_emit(struct link *l, enum link_event_kind kind)
{
	struct link_event *e = xcalloc(1, sizeof *e);
	e->kind = kind;
	e->generation = l->generation;
	list_append(&l->events, &e->link);
	return e;
}

void link_hand_over(struct link *l)
{
	if (list_empty(&l->events))
		return;
	pthread_mutex_lock(&l->lock);
	bool was_empty = list_empty(&l->outbox);
	list_append_all(&l->outbox, &l->events);
	pthread_mutex_unlock(&l->lock);
	if (was_empty)
		link_ring(l->event_fd);
}

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
