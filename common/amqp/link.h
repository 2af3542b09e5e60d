/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker connection on its own thread, so that nothing rabbitmq-c does (look-up, handshake,
 * login, a write while the broker reads nothing) delays its owner. The owner queues commands and
 * flushes them; events come back in batches; link_fd becomes readable when there are some. All
 * functions are called from the owner's thread only.
 *
 *   connecting --up--> up --any doubt--> down --backoff (0.5 s x2, cap 10 s, full jitter)-->
 * connecting
 *
 * The backoff begins anew after a connection that was up for 10 s.
 *
 * What the link keeps over a reconnect: publishes that have no final event yet are published again
 * (same message_id), consumers that are wanted are started again. A consumer that the broker
 * refuses then (its queue is missing, or may not be read) stops none of the others: it is tried
 * again now and then on the same connection. Delivery tags do not survive: every delivery carries
 * the generation of its connection, and settling with an old generation does nothing.
 *
 * A nack is answered by a new connection (a channel that outlived a leader's SIGKILL gets nacks for
 * ever on 3.10.8) and another try; the third nack of one message is final.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/broker.h"
#include "common/amqp/link_event.h"
#include "common/base/list.h"
#include "common/amqp/settle.h"

struct link;

struct link_options {
	const struct broker_options *broker; /* deep-copied */
	const char
	    *role; /* "publish" or "consume": for log lines and the connection name; copied */
	const char *const *require_queues; /* AMQP names, checked passively until the link is up,
	                                      with give_up on every connect; copied */
	size_t require_queue_count;
	const char *const *require_exchanges; /* on every connect */
	size_t require_exchange_count;
	bool give_up; /* the first connect is not repeated when it fails: LINK_FAILED (a command
	                 line tool) */
};

/* Starts the thread, which connects at once. NULL: no thread or descriptor could be had. */
struct link *link_create(const struct link_options *o, struct error *err);
/* Readable while link_take would give something. Poll it; do not read it. */
int link_fd(const struct link *l);
/* Appends all waiting events to events (link_event::link); they are the caller's. */
void link_take(struct link *l, struct list *events);

/* Commands are handed over by link_flush, all at once; nothing happens before. */
void link_flush(struct link *l);
/*
 * The same, unless all that waits is fewer than `few` settlements: these then wait for more, and
 * true comes back. Settled together they cost the broker and us less. The owner flushes them a
 * moment later in any case.
 */
bool link_flush_unless_few(struct link *l, unsigned few);
/*
 * Publishes; takes m. Ends in exactly one of CONFIRMED, RETURNED, NACKED, TIMEDOUT, UNFIT with this
 * token (never 0, unique among the unfinished). deadline_ms: from now, 0 = none. Returns are
 * matched by message_id, so at most one message without it may be under way at a time.
 */
void link_publish(struct link *l, uint64_t token, const char *exchange, const char *key,
                  struct message *m, int64_t deadline_ms);
/* Starts (or, with another prefetch, restarts) consumer number `consumer` (0..63), on a channel of
 * its own. */
void link_consume(struct link *l, unsigned consumer, const char *queue, uint16_t prefetch);
/* Stops it; its unsettled deliveries stay valid. LINK_CANCELLED follows. */
void link_cancel(struct link *l, unsigned consumer);
/* Settles a delivery; one of an older generation is ignored (the broker has already requeued it).
 */
void link_settle(struct link *l, unsigned consumer, uint64_t generation, uint64_t tag,
                 enum settle_verb verb);
/* Asks how many ready messages a queue holds: LINK_DEPTH. */
void link_query(struct link *l, uint64_t token, const char *queue);
/* Tears the connection down and connects anew: before consumer_timeout strikes, or on the owner's
 * doubt. */
void link_reopen(struct link *l, const char *why);

/*
 * Call now and then (every second): frees a thread that is stuck in one call by shutting its socket
 * down, for rabbitmq-c writes without a limit. What is written has two heartbeats to get on its
 * way, a call that waits for an answer its own time on top of them. Cheap.
 */
void link_watch(struct link *l);

/* Begins to end, so that several links end at the same time; only link_destroy may follow. NULL is
 * fine. */
void link_end(struct link *l);
/*
 * Flushes, writes what is queued, closes politely, joins; a thread that does not end within wait_ms
 * is shut down, then abandoned a second later (a connection that is being opened can hold it for so
 * long). Frees l. NULL is fine. Unfinished publishes are dropped without an event.
 */
void link_destroy(struct link *l, int64_t wait_ms);
