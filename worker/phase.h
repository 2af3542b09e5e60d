/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The phases of the worker, from its start to its end.
 *
 *   running --TERM, INT, count reached, queues empty--> draining --nothing in hand--> stopped
 *     ^ \--TSTP--> paused                                   \--drain deadline--> handlers are
 *      \--CONT------/                                           stopped, their jobs returned
 */
#pragma once

#include "worker/state/state.h"

/* Begins to drain. deadline_ms counts from now, -1 is none. Does nothing when draining already. */
void phase_drain(struct worker *w, int64_t deadline_ms, const char *why);
/* Ends at once with that exit code. Nothing more is settled, so the broker delivers again. */
void phase_abandon(struct worker *w, int exit_code);
/* Stops taking jobs and gives back those that wait, or takes jobs again. */
void phase_pause(struct worker *w, bool paused);
/* Drains when --count is reached, and stops when it has drained. Call it once per turn of the loop.
 */
void phase_check_finished(struct worker *w);
/*
 * Stops the handlers when the drain deadline has passed. heard_ms is a time of which everything has
 * been read by now, because after a stop of this process (SIGSTOP) handlers may have ended in time
 * without having been heard yet.
 */
void phase_enforce_drain(struct worker *w, int64_t heard_ms);
