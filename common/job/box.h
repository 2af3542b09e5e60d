/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the box of a dead letter, which records why the job died, and the history of its attempts.
 * Both are JSON text, written by the worker and read by `warren-producer dead`. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

enum { BOX_HISTORY_MAX = 10, BOX_ERROR_MAX = 500, BOX_STDERR_MAX = 8192 };

/*
 * One attempt of a job. All texts are borrowed. A text is NULL and a number is -1 when it is not
 * known.
 */
struct box_attempt {
	unsigned attempt;
	int64_t at_ms;     /* when it started */
	int64_t queued_ms; /* first attempt: ms from when it might have started to when it did */
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
 * Returns the history text old, a JSON array, with one more attempt behind it. NULL and broken text
 * count as an empty history. The oldest attempts beyond BOX_HISTORY_MAX are dropped. The caller
 * frees the result.
 */
char *box_history_add(const char *old, const struct box_attempt *t);

/*
 * Returns the text of a box:
 * {"reason":..,"at":..,"queue":..,"try":{..},"stderr":..,"attempts":[..]}. As a JSON string it
 * takes at most max bytes. When that is too little, the beginning of stderr_tail is left out first,
 * then the oldest attempts, then the error. last is NULL for a job that never ran (malformed,
 * expired, no handler). The caller frees the result.
 */
char *box_make(const char *reason, const char *detail, int64_t at_ms, const char *queue,
               const struct box_attempt *last, struct span stderr_tail, const char *history,
               size_t max);
