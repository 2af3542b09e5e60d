/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMQP headers <-> bookkeeping: the one place that knows the names of our headers and their limits.
 * Pure.
 *
 * Names: warren-attempt, -failures, -crashes, -timeouts, -snoozes, -returns, -unhandled,
 * -interruptions, -replays, -keyless, -republished, -first-failed-at, -history, -box, -NN (ring
 * hops), -sig, -kid.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/job/delay.h"
#include "common/job/message.h"

/* app_id of what Warren published: any other message is a stranger's, and its warren-* headers mean
 * nothing. */
#define HEADERS_APP_ID "warren"
#define HEADERS_CONTENT_TYPE "application/json"

enum {
	HEADERS_OURS_MAX = 32 * 1024, /* bytes on the wire of all warren-* headers together */
	HEADERS_FOREIGN_MAX =
	    64 *
	    1024, /* of all others; above it a message cannot be republished (one frame, 131064) */
};

/* Room for headers, bytes on the wire. */
struct headers_room {
	size_t ours, foreign;
};

/* What a broker leaves that takes header_max bytes in a frame (broker_header_max): the limits
 * above, or less. */
struct headers_room headers_room(size_t header_max);

struct bookkeeping {
	unsigned attempt;  /* number of this try, from 1 */
	unsigned failures; /* counted failures behind it */
	unsigned crashes;
	unsigned timeouts;
	unsigned snoozes;       /* not limited */
	unsigned returns;       /* uncounted returns: handler paused or down, drain; not limited */
	unsigned unhandled;     /* arrivals at a worker with no handler for the type; limited */
	unsigned interruptions; /* times x-delivery-count was found high (workers died or lost it);
	                           limited */
	unsigned keyless;       /* arrivals at a worker that has not the key it names; limited */
	unsigned replays;
	unsigned republished; /* times it was published anew, for whatever reason: no two of its
	                         messages look the same */
	int64_t first_failed_at_ms; /* CLOCK_NEVER when it never failed */
	char *history;              /* owned JSON array text of the last tries (box.h), or NULL */
	char *box;                  /* owned JSON object text of a dead letter (box.h), or NULL */
};

void bookkeeping_finish(struct bookkeeping *b);
void bookkeeping_copy(struct bookkeeping *to, const struct bookkeeping *from);

/* Reads m's headers; zeros (attempt 1) for a stranger's message or values out of range. Fills *b
 * wholly. */
void headers_read(const struct message *m, struct bookkeeping *b);

/* A signature (sign.h) as it travels: it says by itself whether it is good, so a stranger's is read
 * as well. */
struct headers_signature {
	bool present;          /* there is one, of whatever form */
	const char *kid, *sig; /* borrowed; NULL: missing, or no text of a length it can have */
};
struct headers_signature headers_signature(const struct message *m);
void headers_set_signature(struct table *t, const char *kid, const char *sig);
void headers_remove_signature(struct table *t);

/* x-delivery-count of a quorum queue: 0 when absent. */
unsigned headers_delivery_count(const struct message *m);

/*
 * Makes out's headers for a republish of in: foreign headers of in and its signature are kept;
 * every other warren-* and every header of the broker's own (x-death, x-first-death-*,
 * x-last-death-*, x-delivery-count, x-acquired-count, CC, BCC: a copied x-death makes the broker
 * drop the job as a cycle) is left behind; then b's are written, and route's hops (may be NULL).
 * box is written only when not NULL. Ours stay within HEADERS_OURS_MAX: the caller gives room by
 * box_fit first; if they do not fit, history is left out, then box. False, and out untouched: the
 * foreign ones exceed HEADERS_FOREIGN_MAX.
 */
bool headers_write(const struct message *in, const struct bookkeeping *b,
                   const struct delay_route *route, struct table *out);

/* The same within room instead of the two limits. */
bool headers_write_within(const struct message *in, const struct bookkeeping *b,
                          const struct delay_route *route, struct headers_room room,
                          struct table *out);

/* Wire bytes of the foreign headers of m. */
size_t headers_foreign_size(const struct message *m);
