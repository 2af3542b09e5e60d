/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: the loop, the two links, the slots. It decides when a job starts and sees that
 * each one ends in exactly one settlement. One struct, owned by worker_run and passed down.
 *
 *   running --TERM, INT, count reached, queues empty--> draining --nothing in hand--> stopped
 *        ^\--TSTP--> paused --CONT--/                      \--drain deadline--> handlers stopped,
 * their jobs returned
 */
#pragma once

#include "worker/state.h"

/*
 * Runs until drained. guardian_fd and guardian_pid are guardian_fork's. Returns the exit code.
 * settings are changed by HUP (only what may be re-read).
 */
int worker_run(struct worker_settings *settings, const struct options *options,
               struct worker_limits limits, int guardian_fd, int guardian_pid);

/* Begins to drain; deadline_ms from now, or -1 for none. Harmless when draining already. */
void worker_drain(struct worker *w, int64_t deadline_ms, const char *why);
/* Ends at once with exit code; nothing more is settled (the broker redelivers). */
void worker_abandon(struct worker *w, int exit_code);
