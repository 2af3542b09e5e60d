/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the command `batch` share: batch.c begins and ends a run, batch_submit.c makes
 * publishes of lines, batch_turn.c waits for what is said and counts it. One struct, owned by
 * batch.c.
 */
#pragma once

#include "common/amqp/link.h"
#include "producer/batch_input.h"
#include "producer/batch_line.h"
#include "producer/begin.h"
#include "producer/ends.h"
#include "common/client/outcome.h"
#include "producer/progress.h"
#include "common/client/protect.h"
#include "producer/receipts.h"
#include "producer/shipment.h"
#include "common/client/targets.h"
#include "common/client/waiter.h"

struct batch {
	struct session *s;
	struct batch_line all;
	const char *queue;
	struct job template;
	bool dry;
	uint64_t halt;
	double rate;
	int64_t started_ms;

	struct batch_input input;

	struct link *link;
	struct list
	    under_way;   /* shipment::link; the token of a publish is its shipment's address */
	size_t messages; /* of them */
	struct packing packing;
	struct targets *targets;
	struct protect *protect;
	struct waiter *waiter; /* --wait; NULL: nobody waits */
	struct ends told;
	struct receipts receipts;
	struct progress progress;
	struct progress_state state;
	char *blocked;
	uint64_t ends[OUTCOMES], sent, skipped;
	int signals;
	unsigned interrupts;
	int rc; /* -1: err ends the run */
	struct error err;
};

/* ---- batch.c ---- */

/* Lines that have failed so far, in whatever way. */
uint64_t batch_failures(const struct batch *b);
/* A line of stderr that tells of a line of the input: file names and reasons may hold anything. */
void batch_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* reason: of the broker, which takes nothing; NULL: it does again. Copied. */
void batch_set_blocked(struct batch *b, const char *reason);

/* ---- batch_submit.c ---- */

/* Submits lines while it may. True: the input has to be read before there is another one. */
bool batch_submit_lines(struct batch *b);
/* The packs that nobody will fill any more, and those that have waited for it long enough. */
void batch_send_ripe_packs(struct batch *b);
/* How long a pack waits for more lines. */
enum { BATCH_PACK_LINGER_MS = 20 };

/* ---- batch_turn.c ---- */

/* Until all is done, or b->rc or a second interrupt ends it. */
void batch_work(struct batch *b);
