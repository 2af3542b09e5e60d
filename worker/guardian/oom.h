/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Was a SIGKILL the kernel's for want of memory? The kernel counts its kills, of control groups and
 * of the whole machine, in /proc/vmstat (oom_kill); one that happened elsewhere at the same moment
 * is taken for ours.
 */
#pragma once

#include <stdbool.h>

/* Call when the worker starts: kills before it are not ours. */
void oom_begin(void);
/* Has the kernel killed for memory since oom_begin, or since the last time this said so? */
bool oom_happened(void);
