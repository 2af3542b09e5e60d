/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of a handler under its deadline. Knows nothing of queues, so that the command `test` uses
 * it as `run` does.
 *
 *   started --done--> ended
 *      \--deadline, or attempt_stop--> SIGTERM --grace--> SIGKILL --done--> ended
 *
 * The deadline of a run that waits in a handler process behind other jobs counts from when its
 * turn has come.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "worker/handlers/handler.h"

struct attempt {
	/* The caller fills in request (but for deadline_at_ms), handler, progress and log. Both are
	 * called with the attempt as the run's owner. */
	struct run run;
	/* These are the caller's to fill in, too. */
	uv_timer_t *timer; /* borrowed: nobody else may use it until the attempt has ended */
	int64_t timeout_ms, grace_ms;
	/* Called once, from a later turn of the loop than attempt_start. v is the report's verdict,
	 * or what the attempt was stopped as. */
	void (*ended)(struct attempt *a, enum verdict v, const struct run_report *report);
	/* Called when the deadline has passed, before the handler is stopped. May be NULL. */
	void (*overdue)(struct attempt *a);

	/* These are written by attempt.c. */
	int64_t started_at_ms;   /* wall clock */
	enum verdict stopped_as; /* VERDICT_OK: not stopped by us */
	bool stopped_waiting;    /* it was stopped before its turn had come */
};

/* Starts the run in its handler. */
void attempt_start(struct attempt *a);
/*
 * Asks the run to end, and ends it after the grace. Its verdict is `as`, unless it was stopped
 * before already, or ends well without having been cut short. why is static text for the handler:
 * "drain".
 */
void attempt_stop(struct attempt *a, enum verdict as, const char *why);
/* Ends a run that was asked to end, without waiting for the rest of the grace. */
void attempt_kill(struct attempt *a);
