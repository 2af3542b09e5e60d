/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes everything that Warren publishes: a message together with the exchange and the routing key
 * that it is published with. Publishes nothing. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/job/delay.h"
#include "common/job/headers.h"
#include "common/job/job.h"
#include "common/job/message.h"
#include "common/job/topology.h"

struct outbound {
	char exchange[TOPOLOGY_NAME_MAX];
	char key[TOPOLOGY_NAME_MAX];
	struct message *message; /* owned until somebody takes it */
};

/*
 * Makes the message of a new job. document is its encoded text and is copied. queue is the name
 * that the user knows. The message enters the delay ring when j->not_before_ms lies after now_ms,
 * and the queue otherwise.
 */
struct outbound outbound_job(const char *prefix, const char *queue, const struct job *j,
                             struct span document, int64_t now_ms);

/*
 * Makes the message of a complete pack (pack.h). Takes the bytes of body, which is empty
 * afterwards.
 */
struct outbound outbound_pack(const char *prefix, const char *queue, struct buf *body,
                              int64_t now_ms);

/*
 * Makes the answer to a producer that waits for a job. reply_to and correlation_id are those of the
 * job's message. Takes message_id, and the bytes of body, which is empty afterwards.
 */
struct outbound outbound_answer(const char *prefix, const char *reply_to,
                                const char *correlation_id, char *message_id, struct buf *body);

/* A job that came as a message and is published again. All is borrowed. */
struct outbound_source {
	/* The message as it came. Body, properties and foreign headers are kept. */
	const struct message *original;
	const struct bookkeeping *book; /* to be written; its `republished` is counted up */
	const char *prefix, *queue;     /* queue: the name that the user knows */
	const char *id;                 /* becomes the message_id, so a stranger's job keeps it */
	const char *type;               /* NULL: the original's */
	struct headers_room room;       /* what the broker's frames leave for headers */
};

/*
 * Makes the message that brings the job back to its queue after so many delay units (delay.h), or
 * at once for 0. Returns false and leaves *out alone if the original's foreign headers are too
 * large to be published again (headers.h).
 */
bool outbound_again(struct outbound *out, const struct outbound_source *s, uint32_t units);

/*
 * Makes the dead letter of the job. box is the record of its attempts as JSON text (box.h), or NULL
 * for none. Returns false and leaves *out alone if the original's foreign headers are too large to
 * be published again.
 */
bool outbound_dead(struct outbound *out, const struct outbound_source *s, const char *box);

/*
 * Makes the message that sends a letter, which lies in a dead queue or in P.unroutable, to the
 * queue that key belongs to. book is what is known of the letter. The job's budgets begin anew, and
 * one more replay is counted. Returns false and leaves *out alone if the letter's foreign headers
 * are too large to be published again.
 */
bool outbound_replay(struct outbound *out, const char *prefix, const char *key,
                     const struct message *letter, const struct bookkeeping *book);
