/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the worker and its guardian say to each other over a SOCK_SEQPACKET pair: one struct a
 * packet, a request followed by its texts. Both ends are one binary on one machine, so the structs
 * go as they are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/guardian/spawn_limits.h"

enum guardian_verb {
	GUARDIAN_SPAWN,  /* + its descriptors from 0 up by SCM_RIGHTS; texts: program, arguments...,
	                    environment... */
	GUARDIAN_SIGNAL, /* to the whole tree */
	GUARDIAN_KILL_TREE, /* SIGKILL until nothing is left; GUARDIAN_GONE follows */
};

struct guardian_request {
	uint64_t id;
	uint32_t verb;
	int32_t signal;
	uint32_t argument_count; /* texts behind the program */
	uint32_t environment_count;
	uint32_t fd_count;
	bool tell_pid;
	char token[64]; /* "JOB_TOKEN=..." */
	struct spawn_limits limits;
};

enum guardian_news {
	GUARDIAN_STARTED, /* number: the root's pid; only when it was asked for */
	GUARDIAN_FAILED,  /* number: errno of the start; nothing follows */
	GUARDIAN_EXITED,  /* the root has ended; all there is to say, but for leftovers and when a
	                     kill was asked for */
	GUARDIAN_GONE,    /* nothing of the tree is left: one for each GUARDIAN_KILL_TREE */
};

struct guardian_reply {
	uint64_t id;
	uint32_t news;
	int32_t number;  /* errno, or wait status */
	bool for_memory; /* of an exit: the kernel killed in its control group */
	bool leftovers;  /* processes of the tree are still there, and nobody has asked to kill them
	                  */
	int64_t cpu_user_us, cpu_system_us, max_rss_kib;
};

enum { GUARDIAN_PACKET_MAX = 192 * 1024, GUARDIAN_FDS = SPAWN_FDS_MAX };
