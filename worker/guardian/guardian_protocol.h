/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol of the worker and its guardian over a SOCK_SEQPACKET pair. Each packet is one
 * struct, and a request is followed by its texts. Both ends are one binary on one machine, so the
 * structs travel as they are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/guardian/spawn_limits.h"

enum guardian_verb {
	GUARDIAN_SPAWN,  /* with descriptors from 0 up (SCM_RIGHTS), and the program, arguments and
	                    environment as texts */
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
	GUARDIAN_STARTED, /* number is the pid; sent only when asked for */
	GUARDIAN_FAILED,  /* number is the errno of the start; nothing follows */
	GUARDIAN_EXITED,  /* the process has ended; nothing follows unless there are leftovers or a
	                     kill was asked for */
	GUARDIAN_GONE,    /* nothing of the tree is left; sent once for each GUARDIAN_KILL_TREE */
};

struct guardian_reply {
	uint64_t id;
	uint32_t kind;
	int32_t number;  /* errno, or wait status */
	bool for_memory; /* of an exit, when the kernel killed in its control group */
	bool leftovers;  /* processes of the tree live on, and nobody has asked to kill them */
	int64_t cpu_user_us, cpu_system_us, max_rss_kib;
};

enum { GUARDIAN_PACKET_MAX = 192 * 1024, GUARDIAN_FDS = SPAWN_FDS_MAX };
