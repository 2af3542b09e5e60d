/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells whether a SIGKILL was the kernel's, for want of memory. The kernel counts such kills of the
 * whole machine in /proc/vmstat (oom_kill). A kill that happened elsewhere at the same moment is
 * taken for ours.
 */
#pragma once

#include <stdbool.h>

/* Call it when the worker starts, so that earlier kills are not taken for ours. */
void oom_begin(void);
/* Returns true when the kernel has killed for memory since oom_begin, or since this last returned
 * true. */
bool oom_happened(void);
