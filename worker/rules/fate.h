/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what becomes of a job after an attempt, or in place of one. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/job/headers.h"
#include "common/job/retry.h"
#include "worker/rules/verdict.h"

/* A reason why a job is not run now. */
enum refusal {
	REFUSE_NOT,         /* nothing: run it */
	REFUSE_EXPIRED,     /* expires_at has passed: dead */
	REFUSE_EARLY,       /* not_before lies ahead: ring, to the exact time, not counted */
	REFUSE_UNHANDLED,   /* no handler for its type: ring, in the end dead as no_handler */
	REFUSE_INTERRUPTED, /* x-delivery-count is high: ring, in the end dead as interrupted */
	REFUSE_KEYLESS,     /* the key it names is not here: ring, in the end dead as unknown_key */
	REFUSE_PAUSED,      /* its handler is paused: ring, not counted, not limited */
};

/* How often a job may be refused for that before it is dead, and the delivery count that is high.
 */
enum { UNHANDLED_MAX = 10, INTERRUPTIONS_MAX = 10, KEYLESS_MAX = 10, DELIVERY_COUNT_SUSPECT = 3 };

enum fate_kind {
	FATE_DONE, /* acknowledge it */
	FATE_RING, /* publish it to the delay ring, or to its queue when there is no delay */
	FATE_DEAD, /* publish it to the dead letters */
};

struct fate {
	enum fate_kind kind;
	int64_t delay_ms; /* FATE_RING */
	bool exact;       /* FATE_RING: do not round the delay to save hops */
	/* FATE_DEAD: static text: "failures", "crashes", "timeouts", "rejected", "expired",
	 * "no_handler", "interrupted", "unknown_key", "malformed", "unsigned" ... */
	const char *reason;
	const char *word; /* static text for the log: "retry", "snooze", "returned" ... */
};

/*
 * Returns what becomes of a job after an attempt. Changes b to what the next message carries: its
 * counters, first_failed_at, and attempt + 1 when the attempt counts. after_ms is the delay that
 * the handler asked for, which replaces the backoff, or -1. random, in [0,1), makes the jitter.
 */
struct fate fate_of_attempt(enum verdict v, int64_t after_ms, const struct retry_policy *policy,
                            double random, int64_t now_ms, struct bookkeeping *b);
/*
 * Returns what becomes of a job that is refused for r, and counts the refusal in b. r is not
 * REFUSE_NOT. early_ms says how far not_before lies ahead.
 */
struct fate fate_of_refusal(enum refusal r, int64_t early_ms, double random, struct bookkeeping *b);
/*
 * Returns the fate of a job that goes back to its queue at once as a new message, and counts the
 * return in b. Takes the place of a requeue that would make the job suspect, because before
 * RabbitMQ 4.3 each requeue adds to x-delivery-count.
 */
struct fate fate_of_give_back(struct bookkeeping *b);
