/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker connection on its own thread, so that nothing that rabbitmq-c does (look-up, handshake,
 * login, a write while the broker reads nothing) delays its owner. The owner queues commands and
 * flushes them. Events come back in batches, and link_fd becomes readable when there are some. All
 * functions are called from the owner's thread only.
 *
 *   connecting --up--> up --any doubt--> down --backoff--> connecting
 *
 * The backoff is 0.5 s at first, doubles up to 10 s, and has full jitter. It starts again at 0.5 s
 * after a connection that was up for 10 s.
 *
 * After a reconnect the link publishes again, with the same message_id, everything that has no
 * final event yet. It also starts the consumers again. If the broker refuses one of them (its queue
 * is missing, or the user may not read it), the others go on, and the link tries that one again now
 * and then on the same connection. Delivery tags do not survive. Every delivery carries the
 * generation of its connection, and settling with an old generation does nothing.
 *
 * After a nack the link opens a new connection and publishes again, because on RabbitMQ 3.10.8 a
 * channel that outlived the SIGKILL of a queue's leader gets nothing but nacks. The third nack of
 * one message is final.
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
	/* "publish" or "consume", for log lines and the name of the connection. Copied. */
	const char *role;
	/*
	 * AMQP names of queues, checked passively until the link was up once. With give_up they are
	 * checked on every connect. Copied.
	 */
	const char *const *require_queues;
	size_t require_queue_count;
	/* AMQP names of exchanges, checked passively on every connect. Copied. */
	const char *const *require_exchanges;
	size_t require_exchange_count;
	/*
	 * For command line tools. A first connect that fails is not repeated but ends as
	 * LINK_FAILED.
	 */
	bool give_up;
};

/*
 * Starts the thread, which connects at once. Returns the link, or NULL with ERROR_BUG if the system
 * gives no thread or descriptor. The caller frees it with link_destroy.
 */
struct link *link_create(const struct link_options *o, struct error *err);
/*
 * Returns a descriptor that is readable while there are events for link_take. Poll it, but do not
 * read from it.
 */
int link_fd(const struct link *l);
/*
 * Appends all waiting events to the list events (by link_event::link). The caller owns them and
 * frees each with link_event_destroy.
 */
void link_take(struct link *l, struct list *events);

/* Hands all queued commands to the thread. Until then none of them is carried out. */
void link_flush(struct link *l);
/*
 * Like link_flush, but returns true without flushing when only settlements are pending and there
 * are fewer than `few`. Settlements that go out together cost the broker and the worker less. The
 * owner must call link_flush soon after.
 */
bool link_flush_unless_few(struct link *l, unsigned few);
/*
 * Queues a publish and takes m. Exactly one event of LINK_CONFIRMED, LINK_RETURNED, LINK_NACKED,
 * LINK_TIMEDOUT and LINK_UNFIT follows with this token. The token is the owner's and not 0. Several
 * publishes may have the same, if the owner need not tell them apart. deadline_ms counts from now,
 * and 0 means no deadline. Returns are matched by message_id, so at most one message without it may
 * be under way at a time.
 */
void link_publish(struct link *l, uint64_t token, const char *exchange, const char *key,
                  struct message *m, int64_t deadline_ms);
/*
 * Starts consumer number `consumer` (0..63) on a channel of its own, or restarts it with another
 * prefetch. LINK_CONSUMES or LINK_REFUSED follows. queue is an AMQP name and is copied.
 */
void link_consume(struct link *l, unsigned consumer, const char *queue, uint16_t prefetch);
/* Stops the consumer. LINK_CANCELLED follows. Deliveries that are not settled yet stay valid. */
void link_cancel(struct link *l, unsigned consumer);
/*
 * Settles a delivery. A delivery of an older generation is ignored, because the broker has already
 * requeued it.
 */
void link_settle(struct link *l, unsigned consumer, uint64_t generation, uint64_t tag,
                 enum settle_verb verb);
/* Asks how many ready messages a queue holds. LINK_DEPTH answers with this token. */
void link_query(struct link *l, uint64_t token, const char *queue);
/*
 * Closes the connection and opens a new one. The owner asks for that before the broker's
 * consumer_timeout closes it, or when it doubts the connection. why is copied, for the log.
 */
void link_reopen(struct link *l, const char *why);

/*
 * Frees a thread that is stuck in one call, by shutting its socket down. This is needed because
 * rabbitmq-c waits without a limit while it writes. A write may take two heartbeats. A call that
 * waits for an answer may take its own timeout in addition. Call this every second, it is cheap.
 */
void link_watch(struct link *l);

/*
 * Flushes and tells the thread to end, without waiting, so that several links end at the same time.
 * Only link_destroy may follow. Does nothing for NULL.
 */
void link_end(struct link *l);
/*
 * Ends the link and frees l. The thread writes everything that was queued and closes the connection
 * politely. If it does not end within wait_ms, its socket is shut down. If it has not ended a
 * second later, because a connection that is being opened can hold it for longer, it is left alone
 * with its memory. Unfinished publishes are dropped without an event. Does nothing for NULL.
 */
void link_destroy(struct link *l, int64_t wait_ms);
