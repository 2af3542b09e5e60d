/* SPDX-License-Identifier: Apache-2.0 */
/* The limits and the user of a handler process. The guardian is told them with each start. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SPAWN_UNLIMITED = -1, SPAWN_GROUPS_MAX = 32, SPAWN_FDS_MAX = 5 };

/* A limit is left as it is when it is SPAWN_UNLIMITED, false or "". */
struct spawn_limits {
	int64_t
	    memory;    /* bytes: of the tree by a control group, else of each process (RLIMIT_AS) */
	int64_t cpu_s; /* RLIMIT_CPU */
	int64_t files; /* RLIMIT_NOFILE */
	int64_t processes; /* RLIMIT_NPROC */
	int64_t file_size; /* RLIMIT_FSIZE, bytes */
	int umask;
	bool no_new_privileges;
	bool no_network;        /* a network namespace of its own, with nothing in it */
	bool clean_environment; /* nothing of the worker's environment */
	bool as_user;           /* uid, gid and groups below count */
	uint32_t uid, gid, groups[SPAWN_GROUPS_MAX], group_count;
	char folder[256]; /* working directory */
};

extern const struct spawn_limits spawn_unlimited;
