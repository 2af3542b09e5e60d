/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a waiting producer is told of its job, as numbered JSON messages to the exchange P.replies
 * under the key that the job's reply_to names (docs/message-format.md). Nobody waiting any more is
 * no loss: an answer that finds no queue is dropped.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "worker/handlers/handler.h"
#include "worker/rules/verdict.h"
#include "worker/state.h"

struct answer {
	const char *reply_to; /* borrowed of the job's message; NULL: nobody waits, and nothing
	                         below does anything */
	const char *correlation_id; /* the message's, as it came; borrowed */
	const char *id;
	unsigned number;
	int64_t progress_not_before_ms; /* monotonic */
};

/* Only keys of ours are answered: a stranger's reply_to could name any queue bound to that
 * exchange. */
struct answer answer_begin(const struct worker *w, const struct message *m, const char *id);
/* Returns true when a producer waits. The functions below do nothing when none does. */
static inline bool answer_wanted(const struct answer *a)
{
	return a->reply_to != NULL;
}
void answer_log(struct worker *w, struct answer *a, struct span line);
void answer_progress(struct worker *w, struct answer *a, int percent, struct span note);
/* A try has ended, and another follows after delay_ms. */
void answer_retry(struct worker *w, struct answer *a, enum verdict v, const char *error,
                  int64_t delay_ms);
/* The end: done, or dead for the reason. report is NULL when it never ran; queued_ms -1: unknown.
 */
void answer_final(struct worker *w, struct answer *a, enum verdict v, const char *reason,
                  const char *error, const struct run_report *report, int64_t queued_ms);
