/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a link, shared by its three parts: link.c is the owner's side, link_thread.c the
 * life of the connection on the thread, link_turn.c what is done while it is up.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "common/amqp/link.h"
#include "common/amqp/window.h"

enum {
	CONSUMERS = 64,
	CHANNEL_PUBLISH = 1,
	CHANNEL_INSPECT =
	    2, /* a passive declare that fails closes its channel: none that is needed */
	CHANNEL_CONSUMER = 10, /* + number of the consumer */
};

enum command_kind {
	COMMAND_PUBLISH,
	COMMAND_CONSUME,
	COMMAND_CANCEL,
	COMMAND_SETTLE,
	COMMAND_QUERY,
	COMMAND_REOPEN
};

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
	bool
	    cancelled; /* LINK_CANCELLED is due once what had been delivered before is handed out */
	unsigned refusals;   /* in a row */
	int64_t retry_at_ms; /* monotonic: when it is tried again; INT64_MAX: it need not be */
	unsigned starts;     /* makes consumer tags unique on a channel */
	char *queue;
	uint16_t prefetch;
	struct settle *settle;
	int64_t settled_at_ms; /* monotonic: when something was last settled */
	unsigned settles;      /* frames of it, since there was none for a while */
};

struct link {
	/* The owner's side. */
	struct list pending;      /* command::link: not flushed yet */
	unsigned pending_settles; /* of them */
	bool pending_others;
	pthread_t thread;

	/* Shared, under the lock. */
	pthread_mutex_t lock;
	struct list inbox;  /* command::link */
	struct list outbox; /* link_event::link */
	int socket_fd; /* a dup() of the connection's socket for link_watch; -1 while there is none
	                */
	int wake_fd;   /* eventfd: the thread looks into the inbox */
	int event_fd;  /* eventfd: the owner looks into the outbox */
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
	int64_t
	    reopen_at_ms; /* after a nack: when to replace the connection at the latest; 0: not */
	struct window window;
	struct link_consumer consumers[CONSUMERS];
	struct list events; /* link_event::link: of this turn, not handed over yet */
};

/* ---- both sides ---- */

void link_ring(int fd);    /* makes an eventfd readable */
void link_silence(int fd); /* and not readable */
void link_command_free(struct command *c);

/* ---- link_thread.c ---- */

void *link_thread(void *l);
/* For the window of publishes: data is the link. */
void link_publish_ended(void *data, uint64_t token, enum window_end end, const char *text);

/* ---- link_turn.c ---- */

/* An event of this turn; it reaches the owner with link_hand_over. */
struct link_event *link_emit(struct link *l, enum link_event_kind kind);
void link_hand_over(struct link *l);
/*
 * Passive declares, of a queue or an exchange. Without ready (is it there?) a broker that does not
 * tell this user (CAUSE_MAY_NOT_LOOK) is no failure.
 */
int link_inspect(struct link *l, const char *queue, const char *exchange, uint32_t *ready,
                 struct error *err);
int link_heartbeat_ms(const struct link *l);
/* Before anything that may block in a write, and before a call that waits for an answer: from when
 * it is stuck. */
void link_expect_write(struct link *l);
void link_expect_answer(struct link *l);
/*
 * -1: the connection is in doubt. A refusal costs the channel; it is in doubt with it when it had
 * been in use, for its delivery tags are void then. Else the refusal is told, and a later turn
 * tries again.
 */
int link_start_consumer(struct link *l, unsigned consumer, struct error *err);
/* Monotonic: when the next turn is due for a consumer that was refused; INT64_MAX: there is none.
 */
int64_t link_retry_at_ms(const struct link *l);
/* Does what the owner has asked for, as far as it can be done without a connection too. -1: it is
 * in doubt. */
int link_do_commands(struct link *l, struct error *err);
/* LINK_CANCELLED for the consumers that are due one. */
void link_announce_cancelled(struct link *l);
bool link_may_publish(struct link *l);
/*
 * Before a close: gives the broker time for what was settled last. Its channel has 32 commands to a
 * quorum queue under way and keeps what is settled beyond them to itself until those are applied;
 * all that is forgotten when it closes (of 500 acks just before the close 33 counted on 3.10.8). A
 * round trip on the channel makes sure that it has got so far; when there were more commands than
 * it lets go at once it takes several, with pauses.
 */
void link_let_settle(struct link *l);
/* Commands, reading, settling, publishing, until there is nothing to do. -1: the connection is in
 * doubt. */
int link_turn(struct link *l, struct error *err);
