/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a broker's connection, shared by three files. broker.c has its life, its errors and
 * what it reads, broker_calls.c what is asked and answered on a channel, and broker_publish.c what
 * is published. They and the files that know rabbitmq-c's data (amqp_table, assembler,
 * publish_frames) are the only users of the library.
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
	char *url; /* cut into pieces, some of which TLS borrows */
	char peer[320];
	char version[64];
	/* Per channel, the confirm tags given out since confirm.select. */
	uint64_t published[BROKER_CHANNELS];
	bool confirms[BROKER_CHANNELS];
	struct assembler *assembler;
	bool gathering;
	/* Publishes as frames that are not written yet. Not used over TLS. */
	struct buf out;
};

/* ---- errors ---- */

/* Marks the connection as broken and puts the peer's name in front of err, which has the reason. */
int broker_break(struct broker *b, struct error *err);
/* Marks the connection as broken and fills err with the words for status, which is rabbitmq-c's. */
int broker_library_error(struct broker *b, int status, struct error *err, const char *what);

/*
 * Returns 0 if the reply is a normal one, whose memory is released. If the broker closed the
 * channel, this is answered and only the channel is lost. Anything else breaks the connection.
 */
int broker_check_reply(struct broker *b, int channel, amqp_rpc_reply_t reply, struct error *err,
                       const char *what);
/* Like broker_check_reply, for the reply to the last call. */
int broker_check_last(struct broker *b, int channel, struct error *err, const char *what);
