/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A control group of version 2 for each handler process that has a memory limit, where the system
 * has delegated ours to us (systemd: Delegate=yes): the limit then holds for a whole tree, and its
 * kills are told from crashes. Where it has not, cgroup_begin says so, and RLIMIT_AS has to do.
 * Rules: kernel documentation, admin-guide/cgroup-v2.rst ("no internal process").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Moves this process into a group of its own below the one it is in, and hands memory down to its
 * new neighbours. False, and all as it was: it is not ours to do. Call before the guardian is
 * forked, which inherits what is known.
 */
bool cgroup_begin(void);
bool cgroup_usable(void);
/* Back to where it was. Call when the guardian has ended. */
void cgroup_end(void);

/* The rest is the guardian's. */
enum { CGROUP_PATH_SIZE = 512 };
/* Makes a group. Returns a descriptor of its cgroup.procs (the child writes "0" to it), -1: errno.
 */
int cgroup_make(uint64_t number, int64_t memory, char path[static CGROUP_PATH_SIZE]);
/* Has the kernel killed in it for want of memory? */
bool cgroup_killed(const char *path);
/* It is empty. Harmless with "". */
void cgroup_remove(const char *path);
