/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the worker: its loop, and the order of its start and of its end. */
#pragma once

#include "worker/state/state.h"

/*
 * Runs until the worker has drained, and returns the exit code. guardian_fd and guardian_pid are
 * guardian_fork's. SIGHUP changes those settings that may be read again.
 */
int worker_run(struct worker_settings *settings, const struct options *options,
               struct worker_limits limits, int guardian_fd, int guardian_pid);
