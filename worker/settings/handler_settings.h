/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of one handler: a group of the list "handlers". */
#pragma once

#include "common/settings/settings.h"

/* The verdict that an exit code of a handler stands for. */
struct exit_settings {
	int code;
	const char *verdict; /* "ok", "retry", "dead"; a literal */
};

struct handler_settings {
	char *type;         /* glob */
	char *run;          /* "exec:CMD ARG..." split by POSIX quoting, never expanded */
	int64_t timeout_ms; /* SETTINGS_UNSET: the worker's */
	int64_t grace_ms;   /* SETTINGS_UNSET: the worker's */
	/* Jobs at once in this handler. SETTINGS_UNSET: as many as there are slots. */
	int64_t concurrency;
	struct exit_settings *exits;
	size_t exit_count;

	/* process, plugin */
	int64_t children;       /* SETTINGS_UNSET: as many as may be of use */
	bool stdio;             /* the protocol on stdin and stdout */
	int64_t recycle_jobs;   /* a new process after so many; 0: never */
	int64_t recycle_memory; /* bytes above which a new process takes over; 0: never */

	/* limits of its processes; SETTINGS_UNSET or NULL: as they are */
	int64_t memory, cpu_ms, files, processes, file_size;
	char *user, *group, *folder, *umask;
	bool private_tmp, no_new_privileges, no_network;
	char *environment; /* names of variables that it gets, and no others */
};

/* The table of the list "handlers". */
extern const struct settings_part handler_part;
