/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One AMQP connection, sequential and blocking with deadlines: connect, declare, publish, consume,
 * settle. The only user of rabbitmq-c; whatever the library lends is copied before it leaves this
 * file. Not thread safe: one thread per connection (link.h gives a connection a thread of its own).
 * After any call that returned -1 with broker_broken() true the connection is useless: destroy it;
 * err names the broker then.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/amqp/broker_event.h"
#include "common/base/error.h"
#include "common/job/message.h"
#include "common/job/topology.h"

struct broker;

struct broker_options {
	const char *const *urls; /* amqp://user:pass@host:port/vhost or amqps://; tried in turn */
	size_t url_count;
	const char *user;       /* overrides the URL's when not NULL */
	const char *password;   /* likewise; from a file or the environment, never from argv */
	const char *name;       /* connection_name shown by the broker */
	int heartbeat_s;        /* asked for; 0 = 30 */
	int connect_timeout_ms; /* of one URL, TLS handshake included; 0 = 5000 */
	int rpc_timeout_ms;     /* 0 = 10000 */
	int write_timeout_ms; /* how long the peer may take nothing of what is written; 0 = for ever
	                         (link_watch) */
	const char *tls_ca;   /* PEM file; NULL: the system's */
	const char *tls_cert; /* client certificate, PEM */
	const char *tls_key;
	bool tls_insecure; /* do not verify the peer; for tests only */
	bool sasl_external;
};

/*
 * Tries the URL number `which` (modulo url_count) once. Error kinds: ERROR_AUTH refused credentials
 * or vhost, ERROR_UNAVAILABLE anything on the network, ERROR_CONFIG a URL that cannot be read. The
 * text names host and port, never the password. Announces consumer_cancel_notify,
 * connection.blocked, basic.nack, publisher_confirms.
 */
struct broker *broker_connect(const struct broker_options *o, unsigned which, struct error *err);
/* Says goodbye (connection.close) within 2 s when polite and not broken; frees all. NULL is fine.
 */
void broker_destroy(struct broker *b, bool polite);
bool broker_broken(const struct broker *b);
int broker_fd(const struct broker *b);
/* As negotiated: the broker may have asked for a shorter one than we did. */
int broker_heartbeat_s(const struct broker *b);
/* Of one call that waits for an answer. */
int broker_rpc_timeout_ms(const struct broker_options *o);
/*
 * Bytes of a message's header (message_header_size) that fit into a frame, which the broker may
 * want smaller than we do. A content header cannot be split: over the limit the broker would end
 * the connection.
 */
size_t broker_header_max(const struct broker *b);
/* "host:port/vhost", and the server's version ("3.10.8"); live as long as b. */
const char *broker_peer(const struct broker *b);
const char *broker_version(const struct broker *b);
bool broker_is_at_least(const struct broker *b, int major, int minor);

/* Channels: numbers from 1. Opening an open one is an error. confirm: confirm.select on it. */
int broker_open_channel(struct broker *b, int channel, bool confirm, struct error *err);
int broker_close_channel(struct broker *b, int channel, struct error *err);

/*
 * Declares one item. 406/403/404 close only the channel (the caller opens it again): err then
 * carries the broker's words, kind ERROR_CONFIG (406, 404) or ERROR_AUTH (403), and broker_broken
 * stays false.
 */
int broker_declare(struct broker *b, int channel, const struct topology_item *item,
                   struct error *err);
/* A queue of this connection alone, gone with it. Then it can be bound and consumed like any other.
 */
int broker_declare_exclusive(struct broker *b, int channel, const char *queue, struct error *err);
/*
 * Passive declares. *ready and *consumers may be NULL. Missing: ERROR_CONFIG, channel closed.
 * Before RabbitMQ 4.3 they need no permission; 4.3.6 asks for configure (measured), which neither
 * producers nor workers have to have: the cause is CAUSE_MAY_NOT_LOOK then.
 */
int broker_inspect_queue(struct broker *b, int channel, const char *queue, uint32_t *ready,
                         uint32_t *consumers, struct error *err);
int broker_inspect_exchange(struct broker *b, int channel, const char *exchange, struct error *err);
int broker_purge(struct broker *b, int channel, const char *queue, uint32_t *count,
                 struct error *err);
int broker_delete_queue(struct broker *b, int channel, const char *queue, struct error *err);

/* basic.qos (per consumer, never global) and basic.consume with manual acks; tag names the
 * consumer. */
int broker_consume(struct broker *b, int channel, const char *queue, const char *tag,
                   uint16_t prefetch, struct error *err);
int broker_cancel(struct broker *b, int channel, const char *tag, struct error *err);

/*
 * Writes one publish (mandatory, delivery_mode 2 forced); between broker_gather and broker_flush it
 * may stay in memory. The caller has drained with broker_read first (rabbitmq-c #780). The message
 * is borrowed. Can block while the broker reads nothing (#519): link.h frees it from outside. *tag
 * gets the confirm tag when the channel is in confirm mode. ERROR_DATA, and nothing written: its
 * properties or headers fit into no frame.
 */
int broker_publish(struct broker *b, int channel, const char *exchange, const char *key,
                   const struct message *m, uint64_t *tag, struct error *err);
/* From here to broker_flush, with nothing but publishes in between, these may go out together. */
void broker_gather(struct broker *b);
/* Writes what is there of them; the same as broker_publish about blocking. */
int broker_flush(struct broker *b, struct error *err);
/* May we publish there with that routing key? Tried in a transaction that is rolled back.
 * ERROR_AUTH, ERROR_CONFIG; the channel is closed then. */
int broker_try_publish(struct broker *b, int channel, const char *exchange, const char *key,
                       struct error *err);
/*
 * May we consume from it? Tried with an argument that the broker refuses (406) after it has looked
 * at the permission (403), so that nothing is delivered. The channel is closed afterwards, either
 * way. ERROR_AUTH, ERROR_CONFIG.
 */
int broker_try_consume(struct broker *b, int channel, const char *queue, struct error *err);
int broker_ack(struct broker *b, int channel, uint64_t tag, bool multiple, struct error *err);
int broker_nack(struct broker *b, int channel, uint64_t tag, bool multiple, bool requeue,
                struct error *err);

/*
 * One event: waits up to wait_ms (0: only what is there; call until BROKER_NOTHING, that also sends
 * heartbeats that are due and notices missed ones). -1: the connection is over, err says why
 * (ERROR_AUTH for 403 after login).
 */
int broker_read(struct broker *b, int wait_ms, struct broker_event *e, struct error *err);

/* Removes user and password from a URL for messages. Returns out. */
char *broker_redact_url(const char *url, char *out, size_t size);
