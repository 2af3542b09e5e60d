/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A control group of version 2 for each handler process that has a memory limit. The limit then
 * holds for a whole tree, and its kills are told from crashes. This needs a group that the system
 * has delegated to the worker (Delegate=yes of systemd). Without one, cgroup_begin returns false,
 * and RLIMIT_AS has to do. The rules are in the kernel documentation, admin-guide/cgroup-v2.rst
 * ("no internal process").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Moves this process into a group of its own below the one it is in, and hands memory limits down
 * to its new neighbours. Returns false, with nothing changed, when the system does not allow it.
 * Call it before the guardian is forked, which inherits the result.
 */
bool cgroup_begin(void);
bool cgroup_usable(void);
/* Moves this process back to the group where it was. Call it when the guardian has ended. */
void cgroup_end(void);

/* Only the guardian process calls the functions below. */
enum { CGROUP_PATH_SIZE = 512 };
/* Makes a group. Returns a descriptor of its cgroup.procs, to which the child writes "0", or -1
 * with errno. */
int cgroup_make(uint64_t number, int64_t memory, char path[static CGROUP_PATH_SIZE]);
/* Returns true when the kernel has killed a process of the group for want of memory. */
bool cgroup_killed(const char *path);
/* Removes the group, which must be empty. Does nothing for "". */
void cgroup_remove(const char *path);
