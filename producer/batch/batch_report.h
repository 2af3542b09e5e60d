/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the outcomes of a batch and tells them: on stderr, in the receipts and in the progress. */
#pragma once

#include "producer/batch/batch_state.h"

/* Returns how many lines have failed so far, in whatever way. */
uint64_t batch_failures(const struct batch *b);
/* Prints a line on stderr. Control characters of file names and reasons are escaped. */
void batch_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Counts the line that was read last as rejected and tells why. column is 0 for the whole line. id
 * may be NULL. */
void batch_reject(struct batch *b, size_t column, const char *id, const char *reason);
/* Counts and tells the outcome of each line of a message, and frees it. A submit_owner's `ended`.
 */
void batch_message_ended(struct submit_owner *owner, enum outcome outcome, const struct error *err);
/* Notes what becomes of the connection. A submit_told_fn; data is the batch. */
void batch_connection_told(void *data, enum submit_change change, const struct error *why);
