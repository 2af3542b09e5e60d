/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a link, shared by its parts: link.c is the owner's side, link_thread.c the life of
 * the connection on the thread, link_turn.c what is done while it is up, and link_mailbox.c brings
 * commands and events from one side to the other.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "common/amqp/broker.h"
#include "common/amqp/settle.h"
#include "common/amqp/window.h"

enum {
	CONSUMERS = 64,
	CHANNEL_PUBLISH = 1,
	CHANNEL_INSPECT = 2,   /* for passive declares, because one that fails closes its channel */
	CHANNEL_CONSUMER = 10, /* + number of the consumer */
};

struct link_consumer {
	bool wanted; /* is started (again) whenever the connection is up */
	bool running;
	bool channel_open;
	bool cancelled;      /* LINK_CANCELLED follows once all earlier deliveries are handed out */
	unsigned refusals;   /* in a row */
	int64_t retry_at_ms; /* monotonic: when to try again; INT64_MAX: not at all */
	unsigned starts;     /* makes consumer tags unique on a channel */
	char *queue;
	uint16_t prefetch;
	struct settle *settle;
	int64_t settled_at_ms; /* monotonic: when something was last settled */
	unsigned settles;      /* frames that settled something, since the last pause */
};

struct link {
	/* The owner's side. */
	struct list pending;      /* command::link: not flushed yet */
	unsigned pending_settles; /* how many of the pending commands settle something */
	bool pending_others;      /* some of the pending commands do anything else */
	pthread_t thread;

	/* Shared, under the lock. */
	pthread_mutex_t lock;
	struct list inbox;  /* command::link */
	struct list outbox; /* link_event::link */
	/* A dup() of the connection's socket, for link_watch. -1 without a connection. */
	int socket_fd;
	int wake_fd;  /* eventfd: the thread looks into the inbox */
	int event_fd; /* eventfd: the owner looks into the outbox */
	atomic_bool stop;
	_Atomic int64_t stuck_at_ms; /* monotonic: when the thread is stuck; 0: it waits in poll */

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
	/*
	 * After a nack, when to replace the connection at the latest (monotonic). 0 means to keep
	 * it.
	 */
	int64_t reopen_at_ms;
	struct window window;
	struct link_consumer consumers[CONSUMERS];
	struct list events; /* link_event::link: emitted in this turn, not handed over yet */
};
