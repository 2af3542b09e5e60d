/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What broker.c (the connection: its life, its errors, what it reads), broker_calls.c (what is
 * asked and answered on a channel) and broker_publish.c (what is published) share. They and the
 * files that know rabbitmq-c's data (amqp_table, assembler, publish_frames) are the only users of
 * the library.
 */
#pragma once

#include <amqp.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/amqp/assembler.h"
#include "common/base/buf.h"
#include "common/amqp/tls.h"

enum { BROKER_CHANNELS = ASSEMBLER_CHANNELS };

struct broker {
	amqp_connection_state_t conn;
	bool connected, broken, over_tls;
	struct tls tls;
	char *url; /* in pieces, some of which TLS borrows */
	char peer[320];
	char version[64];
	uint64_t published[BROKER_CHANNELS]; /* confirm tags given out since confirm.select; 0-based
	                                        counters */
	bool confirms[BROKER_CHANNELS];
	struct assembler *assembler;
	bool gathering;
	struct buf out; /* publishes, in frames, that are not written yet; not over TLS */
};

/* ---- errors: all return -1, with err set ---- */

/* The connection is over; err has the reason and is given the peer's name. */
int broker_break(struct broker *b, struct error *err);
/* status is rabbitmq-c's. The connection is over. */
int broker_library_error(struct broker *b, int status, struct error *err, const char *what);

/*
 * 0 when the reply is a normal one; its memory is released. A closed channel is answered, and costs
 * nothing but the channel; all else ends the connection.
 */
int broker_check_reply(struct broker *b, int channel, amqp_rpc_reply_t reply, struct error *err,
                       const char *what);
/* The same for the call made last. */
int broker_check_last(struct broker *b, int channel, struct error *err, const char *what);
