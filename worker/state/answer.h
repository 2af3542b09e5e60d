/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers a producer that waits for a job, by numbered JSON messages to the exchange P.replies with
 * the key that the job's reply_to names (docs/message-format.md). The broker drops an answer for
 * which nobody waits any more.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "worker/handlers/report.h"
#include "worker/rules/verdict.h"
#include "worker/state/state.h"

struct answer {
	const char *reply_to;           /* borrowed; NULL when nobody waits */
	const char *correlation_id;     /* borrowed; the message's as it came */
	const char *id;                 /* borrowed; the job's */
	unsigned number;                /* of the last answer */
	int64_t progress_not_before_ms; /* monotonic */
};

/*
 * Returns how to answer to the message of a job. It is borrowed from m and id. A reply_to that does
 * not begin like those of Warren's producers is not answered, because it could name any queue that
 * is bound to the exchange.
 */
struct answer answer_begin(const struct worker *w, const struct message *m, const char *id);
/* Returns true when a producer waits. The functions below do nothing when none does. */
static inline bool answer_wanted(const struct answer *a)
{
	return a->reply_to != NULL;
}
/* Passes on a line that the handler wrote for people. */
void answer_log(struct worker *w, struct answer *a, struct span line);
/* Passes on the progress of the job, unless one was passed on a moment ago. */
void answer_progress(struct worker *w, struct answer *a, int percent, struct span note);
/* Says that an attempt has ended, and that another follows after delay_ms. */
void answer_retry(struct worker *w, struct answer *a, enum verdict v, const char *error,
                  int64_t delay_ms);
/* Says that the job is done, or dead for the reason. report is NULL if the job never ran, and
 * queued_ms is -1 if unknown. */
void answer_final(struct worker *w, struct answer *a, enum verdict v, const char *reason,
                  const char *error, const struct run_report *report, int64_t queued_ms);
