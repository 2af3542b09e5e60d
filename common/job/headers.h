/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes what Warren keeps about a job in AMQP headers. This is the one place that knows
 * their names and limits. Pure.
 *
 * Names: warren-attempt, -failures, -crashes, -timeouts, -snoozes, -returns, -unhandled,
 * -interruptions, -replays, -keyless, -republished, -first-failed-at, -history, -box, -NN (hops of
 * the ring), -sig, -kid.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/job/delay.h"
#include "common/job/message.h"

/*
 * The app_id of what Warren published. Any other message is a stranger's, and its warren-* headers
 * mean nothing.
 */
#define HEADERS_APP_ID "warren"
#define HEADERS_CONTENT_TYPE "application/json"

enum {
	/* Bytes on the wire of all warren-* headers together. */
	HEADERS_OURS_MAX = 32 * 1024,
	/*
	 * Bytes on the wire of all other headers. A message with more cannot be republished,
	 * because all must fit into one frame of 131064 bytes.
	 */
	HEADERS_FOREIGN_MAX = 64 * 1024,
};

/* Room for headers, in bytes on the wire. */
struct headers_room {
	size_t ours, foreign;
};

/*
 * Returns the room for headers at a broker that accepts header_max bytes in a frame
 * (broker_header_max). It is never more than the two limits above.
 */
struct headers_room headers_room(size_t header_max);

/* The record of a job's attempts, as the headers of its message hold it. */
struct bookkeeping {
	unsigned attempt;  /* the number of this attempt, from 1 */
	unsigned failures; /* counted failures so far */
	unsigned crashes;
	unsigned timeouts;
	unsigned snoozes; /* not limited */
	/*
	 * Returns that count as no failure, because the handler was paused or down, or the worker
	 * drained. Not limited.
	 */
	unsigned returns;
	/* Arrivals at a worker that has no handler for the type. Limited. */
	unsigned unhandled;
	/*
	 * How often x-delivery-count was found high, because workers died or lost the job. Limited.
	 */
	unsigned interruptions;
	/* Arrivals at a worker that does not have the key which the job names. Limited. */
	unsigned keyless;
	unsigned replays;
	/*
	 * How often the job was published again, for whatever reason. So no two of its messages
	 * look the same.
	 */
	unsigned republished;
	int64_t first_failed_at_ms; /* CLOCK_NEVER when it never failed */
	char *history; /* owned JSON array text of the last attempts (box.h), or NULL */
	char *box;     /* owned JSON object text of a dead letter (box.h), or NULL */
};

/* Frees the texts of b and sets it to that of a new job. */
void bookkeeping_finish(struct bookkeeping *b);
/* Makes *to a deep copy of from. What *to held before is not freed. */
void bookkeeping_copy(struct bookkeeping *to, const struct bookkeeping *from);

/*
 * Reads the headers of m and fills *b wholly. A stranger's message and values that are out of range
 * give zeros, and attempt 1.
 */
void headers_read(const struct message *m, struct bookkeeping *b);

/*
 * A signature (sign.h) as it travels. It shows by itself whether it is good, so that of a stranger
 * is read as well.
 */
struct headers_signature {
	bool present;          /* the headers are there, in whatever form */
	const char *kid, *sig; /* borrowed; NULL if missing, or no text of a possible length */
};
/* Returns the signature of m, borrowed from its headers. */
struct headers_signature headers_signature(const struct message *m);
/* Puts a signature into t. Both texts are copied. */
void headers_set_signature(struct table *t, const char *kid, const char *sig);
/* Removes the signature from t. */
void headers_remove_signature(struct table *t);

/* Returns the x-delivery-count of a quorum queue, or 0 if there is none. */
unsigned headers_delivery_count(const struct message *m);

/*
 * Makes the headers of a message that publishes in again. The foreign headers of in and its
 * signature are kept. Every other warren-* header is left behind, and so is every header of the
 * broker's own (x-death, x-first-death-*, x-last-death-*, x-delivery-count, x-acquired-count, CC,
 * BCC): the broker would take a copied x-death for a cycle and drop the job. Then those of b are
 * written, and the hops of route, which may be NULL. The box is written only if b has one.
 *
 * Ours stay within HEADERS_OURS_MAX. The caller makes the box small enough (box_make). If they do
 * not fit all the same, the history is left out first, then the box. Returns false, and leaves out
 * untouched, if the foreign headers exceed HEADERS_FOREIGN_MAX.
 */
bool headers_write(const struct message *in, const struct bookkeeping *b,
                   const struct delay_route *route, struct table *out);

/*
 * Like headers_write, with the limits of room in place of HEADERS_OURS_MAX and HEADERS_FOREIGN_MAX.
 */
bool headers_write_within(const struct message *in, const struct bookkeeping *b,
                          const struct delay_route *route, struct headers_room room,
                          struct table *out);

/* Returns the bytes of the foreign headers of m on the wire. */
size_t headers_foreign_size(const struct message *m);
