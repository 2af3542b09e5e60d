/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The black box of a dead letter and the history of tries, as JSON text: written by the worker,
 * read by `warren-producer dead`. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

enum { BOX_HISTORY_MAX = 10, BOX_ERROR_MAX = 500, BOX_STDERR_MAX = 8192 };

/* One try of a job. Texts borrowed, NULL when unknown; numbers -1 when unknown. */
struct box_try {
	unsigned attempt;
	int64_t at_ms;     /* when it started */
	int64_t queued_ms; /* from when it might have started to when it did; of the first try */
	int64_t wall_ms;
	int64_t cpu_user_ms, cpu_system_ms;
	int64_t max_rss_kib;
	const char *verdict; /* verdict_name() */
	int exit_code;       /* -1 when it did not exit */
	const char *signal;  /* "SIGKILL", NULL when none */
	const char *worker;  /* name of the worker process */
	const char *error;   /* one line, cut to BOX_ERROR_MAX */
};

/*
 * A new history text: old (JSON array text, NULL or broken text count as empty) and one more try
 * behind it, the oldest dropped beyond BOX_HISTORY_MAX. The caller frees it.
 */
char *box_history_add(const char *old, const struct box_try *t);

/*
 * The box's text: {"reason":..,"at":..,"queue":..,"try":{..},"stderr":..,"attempts":[..]} within
 * max bytes as a string: the stderr tail (its last bytes are the ones kept) gives way first, then
 * the oldest attempts, then error. try_ may be NULL (a job that never ran: malformed, expired, no
 * handler). The caller frees it.
 */
char *box_make(const char *reason, const char *detail, int64_t at_ms, const char *queue,
               const struct box_try *try_, struct span stderr_tail, const char *history,
               size_t max);
