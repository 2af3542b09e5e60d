/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One AMQP connection, sequential and blocking with deadlines: connect, declare, publish, consume,
 * settle. It hides rabbitmq-c, and copies whatever the library lends. It is not thread safe, so
 * only one thread may use a connection (link.h gives a connection a thread of its own).
 *
 * Functions that can fail return 0, or -1 with err filled. When broker_broken is true after that,
 * the connection is useless and the caller destroys it. err names the broker in that case.
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
	const char *const *urls; /* amqp[s]://user:pass@host:port/vhost, tried in turn */
	size_t url_count;
	const char *user;       /* overrides the URL's when not NULL */
	const char *password;   /* overrides the URL's when not NULL; never from the command line */
	const char *name;       /* connection_name shown by the broker */
	int heartbeat_s;        /* what we ask for; 0 means 30 */
	int connect_timeout_ms; /* for one URL, with its TLS handshake; 0 means 5000 */
	int rpc_timeout_ms;     /* for a call that waits for an answer; 0 means 10000 */
	/*
	 * How long the peer may read nothing of what we write. 0 means for ever, and then
	 * link_watch limits it.
	 */
	int write_timeout_ms;
	const char *tls_ca;   /* PEM file; NULL means the system's certificates */
	const char *tls_cert; /* client certificate, PEM */
	const char *tls_key;
	bool tls_insecure; /* do not verify the peer; for tests only */
	/* Log in by the client certificate instead of user and password. */
	bool sasl_external;
};

/*
 * Tries URL number `which` (modulo url_count) once. Returns the connection, which the caller frees
 * with broker_destroy, or NULL. Errors: ERROR_AUTH if the broker refused the login or the vhost,
 * ERROR_UNAVAILABLE for the network and for a limit that is reached (CAUSE_LIMIT), ERROR_CONFIG if
 * the URL cannot be read. The text names host and port, never the password. Tells the broker that
 * we understand consumer_cancel_notify, connection.blocked, basic.nack and publisher_confirms.
 */
struct broker *broker_connect(const struct broker_options *o, unsigned which, struct error *err);
/*
 * Frees b. When polite, and unless the connection is broken, it is closed by connection.close
 * first, which takes 2 s at most. Does nothing for NULL.
 */
void broker_destroy(struct broker *b, bool polite);
/* Returns true if the connection is lost or closed. Only broker_destroy may follow. */
bool broker_broken(const struct broker *b);
/* Returns the socket, to poll. b keeps it. */
int broker_fd(const struct broker *b);
/* Returns the negotiated heartbeat in seconds, which may be shorter than the one we asked for. */
int broker_heartbeat_s(const struct broker *b);
/* Returns how long one call waits for its answer, in ms. */
int broker_rpc_timeout_ms(const struct broker_options *o);
/*
 * Returns how many bytes a message's header (message_header_size) may have. The header must fit
 * into one frame, and the broker may want smaller frames than we do. The broker would end the
 * connection over a larger one.
 */
size_t broker_header_max(const struct broker *b);
/* Returns "host:port/vhost". The text lives as long as b. */
const char *broker_peer(const struct broker *b);
/* Returns the server's version, such as "3.10.8". The text lives as long as b. */
const char *broker_version(const struct broker *b);
/* Returns true if the server's version is major.minor or later. */
bool broker_is_at_least(const struct broker *b, int major, int minor);

/*
 * Opens channel number `channel`, from 1, which must not be open. With confirm the broker confirms
 * its publishes.
 */
int broker_open_channel(struct broker *b, int channel, bool confirm, struct error *err);
/* Closes an open channel. */
int broker_close_channel(struct broker *b, int channel, struct error *err);

/*
 * Declares one item. When the broker refuses it, the channel is closed, the connection is not, and
 * err has the broker's words. Errors: ERROR_CONFIG if the item exists with other properties
 * (CAUSE_MISMATCH) or names something that is missing, ERROR_AUTH without permission.
 */
int broker_declare(struct broker *b, int channel, const struct topology_item *item,
                   struct error *err);
/*
 * Declares a queue that only this connection can use and that goes away with it. The queue can be
 * bound and consumed like any other.
 */
int broker_declare_exclusive(struct broker *b, int channel, const char *queue, struct error *err);
/*
 * Asks by a passive declare whether a queue exists, how many messages are ready in it and how many
 * consumers it has. ready and consumers may be NULL. On failure the channel is closed. Errors:
 * ERROR_CONFIG with CAUSE_NO_QUEUE if there is no such queue, ERROR_AUTH with CAUSE_MAY_NOT_LOOK if
 * this user may not ask. RabbitMQ before 4.3 lets everybody ask. RabbitMQ 4.3.6 wants the
 * permission "configure" (measured), which neither producers nor workers need otherwise.
 */
int broker_inspect_queue(struct broker *b, int channel, const char *queue, uint32_t *ready,
                         uint32_t *consumers, struct error *err);
/* Asks like broker_inspect_queue whether an exchange exists. */
int broker_inspect_exchange(struct broker *b, int channel, const char *exchange, struct error *err);
/* Drops the ready messages of a queue. *count, if not NULL, becomes their number. */
int broker_purge(struct broker *b, int channel, const char *queue, uint32_t *count,
                 struct error *err);
/* Deletes a queue with everything in it. */
int broker_delete_queue(struct broker *b, int channel, const char *queue, struct error *err);

/*
 * Starts a consumer named tag with manual acks, which holds at most prefetch unsettled deliveries.
 * The prefetch is that of this consumer, not of the channel.
 */
int broker_consume(struct broker *b, int channel, const char *queue, const char *tag,
                   uint16_t prefetch, struct error *err);
/* Stops the consumer named tag. Its unsettled deliveries stay valid. */
int broker_cancel(struct broker *b, int channel, const char *tag, struct error *err);

/*
 * Writes one publish, always mandatory and persistent. Between broker_gather and broker_flush the
 * bytes may stay in memory. The message is borrowed. *tag becomes the confirm tag, or 0 on a
 * channel without confirms. Returns -1 with ERROR_DATA, and writes nothing, if the properties and
 * headers do not fit into a frame. The caller reads everything with broker_read first (rabbitmq-c
 * #780). The call can block while the broker reads nothing (rabbitmq-c #519), and link_watch ends
 * that.
 */
int broker_publish(struct broker *b, int channel, const char *exchange, const char *key,
                   const struct message *m, uint64_t *tag, struct error *err);
/*
 * Lets publishes gather in memory until broker_flush, so that they go out together. Nothing but
 * publishes may come in between.
 */
void broker_gather(struct broker *b);
/* Writes the publishes that were gathered. The call can block as broker_publish can. */
int broker_flush(struct broker *b, struct error *err);
/*
 * Tries whether this user may publish to the exchange with that routing key, by a transaction that
 * is rolled back. Returns -1 with ERROR_AUTH or ERROR_CONFIG, and the channel closed, if not.
 */
int broker_try_publish(struct broker *b, int channel, const char *exchange, const char *key,
                       struct error *err);
/*
 * Tries whether this user may consume from the queue. To get no delivery it sends an argument that
 * the broker refuses (406), but only after it has checked the permission (403). Returns -1 with
 * ERROR_AUTH or ERROR_CONFIG if not. The channel is closed afterwards in any case.
 */
int broker_try_consume(struct broker *b, int channel, const char *queue, struct error *err);
/*
 * Acknowledges the delivery with that tag, with multiple also all earlier ones of the channel. The
 * broker does not answer.
 */
int broker_ack(struct broker *b, int channel, uint64_t tag, bool multiple, struct error *err);
/*
 * Gives the delivery with that tag back, with multiple also all earlier ones of the channel. With
 * requeue it returns to its queue, else it is dead-lettered. The broker does not answer.
 */
int broker_nack(struct broker *b, int channel, uint64_t tag, bool multiple, bool requeue,
                struct error *err);

/*
 * Reads one event into *e and waits up to wait_ms for it. *e is BROKER_NOTHING if none came. Call
 * it until then, because it also sends heartbeats that are due and notices missed ones. Returns -1
 * if the connection has ended, and err says why.
 */
int broker_read(struct broker *b, int wait_ms, struct broker_event *e, struct error *err);

/* Writes url without user and password into out, for messages. Returns out. */
char *broker_redact_url(const char *url, char *out, size_t size);
