/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the end of a try to what happens with the job: a pure table. docs/handlers.md prints it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/job/headers.h"
#include "common/job/retry.h"

enum verdict {
	VERDICT_OK,
	VERDICT_RETRY,      /* counted as a failure */
	VERDICT_SNOOZE,     /* not counted */
	VERDICT_DEAD,       /* no more tries */
	VERDICT_CRASH,      /* by a signal, not ours */
	VERDICT_TIMEOUT,    /* stopped by us at its deadline */
	VERDICT_OOM,        /* killed for memory */
	VERDICT_UNRUNNABLE, /* could not be started: the worker's fault, never the job's */
	VERDICT_RETURNED,   /* stopped by us while draining: not counted */
};
const char *verdict_name(enum verdict v);
bool verdict_from_name(const char *name, enum verdict *v);

/* What stops a job before it runs. */
enum refusal {
	REFUSE_NOT,         /* run it */
	REFUSE_EXPIRED,     /* dead */
	REFUSE_EARLY,       /* not_before lies ahead: the ring, exactly, not counted */
	REFUSE_UNHANDLED,   /* no handler for the type: the ring, budget 10, then dead as no_handler
	                     */
	REFUSE_INTERRUPTED, /* x-delivery-count >= 3: the ring, budget 10, then dead as interrupted
	                     */
	REFUSE_KEYLESS,     /* it names a key that is not here: the ring, budget 10, then dead as
	                       unknown_key */
	REFUSE_PAUSED,      /* its handler is paused: the ring, not counted, not limited */
};

enum { UNHANDLED_MAX = 10, INTERRUPTIONS_MAX = 10, KEYLESS_MAX = 10, DELIVERY_COUNT_SUSPECT = 3 };

enum fate_kind { FATE_DONE, FATE_RING, FATE_DEAD };

struct fate {
	enum fate_kind kind;
	int64_t delay_ms;   /* FATE_RING */
	bool exact;         /* FATE_RING: do not round the delay to few hops */
	const char *reason; /* FATE_DEAD: static text: "failures", "crashes", "timeouts",
	                     * "rejected", "expired", "no_handler", "interrupted", "unknown_key",
	                     * "malformed", "unsigned" ... */
	const char *word;   /* static text for the log: "retry", "snooze", "returned" ... */
};

/*
 * After a try. Changes b to what the next message carries (counters, attempt + 1 for counted ones,
 * first_failed_at). after_ms: the handler's wish, -1 none (it replaces the backoff, clamped to >=
 * 0). random in [0,1).
 */
struct fate verdict_fate(enum verdict v, int64_t after_ms, const struct retry_policy *policy,
                         double random, int64_t now_ms, struct bookkeeping *b);
/* Instead of a try. early_ms: how far not_before lies ahead. Never REFUSE_NOT. */
struct fate refusal_fate(enum refusal r, int64_t early_ms, double random, struct bookkeeping *b);
/*
 * Instead of a plain return to the broker, when one more of those would make it a suspect
 * (before 4.3 every return counts): at once back to its queue as a new message.
 */
struct fate give_back_fate(struct bookkeeping *b);
/* Default map: 0 ok, 75 111 retry, 65 100 dead, other retry. */
enum verdict verdict_of_exit(int code);
