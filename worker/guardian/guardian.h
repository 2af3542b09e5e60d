/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent of every handler process, seen from the worker. The guardian is a small process of its
 * own, forked before anything else. So starting a handler never forks a large process, wait4 tells
 * what each one cost, and orphans come to the guardian (subreaper). It kills all handlers when its
 * socket closes, so that everything dies with the worker. All functions run on the loop's thread,
 * and guardian_fork before there is a loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/error.h"
#include "worker/guardian/spawn_limits.h"

struct guardian;
struct child;

/* Starts the guardian process. Call it first in main, while there is no thread, no connection and
 * no open file that the guardian should not inherit. */
int guardian_fork(int *fd, int *pid, struct error *err);

/* Takes fd. Calls gone(data) when the guardian has died, which no handler survives. */
struct guardian *guardian_open(uv_loop_t *loop, int fd, int pid, void (*gone)(void *data),
                               void *data);
/*
 * Ends in three stages. guardian_stop closes the socket, and the guardian then kills every handler
 * that is left. No event of a child comes any more, and requests are not sent.
 */
void guardian_stop(struct guardian *g);
/* How long the end of a command waits for the guardian, in ms. */
enum { GUARDIAN_CLOSE_MS = 5000 };
/* Returns when the guardian has ended and no process is left below this one, or after ms. Call it
 * after guardian_stop. */
void guardian_wait(struct guardian *g, int64_t ms);
/* Frees g and all of its children. Call it once the loop has nothing left to do. Does nothing for
 * NULL. */
void guardian_destroy(struct guardian *g);

struct child_exit {
	int status; /* of waitpid */
	int64_t cpu_user_us, cpu_system_us,
	    max_rss_kib; /* of the process and of those it waited for */
	bool for_memory; /* its control group ran out of memory */
	bool leftovers;  /* processes of its tree live on; child_kill_tree ends them */
};

/* Either failed or exited is called once for each spawn. After child_kill_tree, gone is called too,
 * later than exited. */
struct child_events {
	void (*started)(void *data, pid_t pid); /* may be NULL */
	void (*failed)(void *data, int errnum);
	void (*exited)(void *data, const struct child_exit *exit);
	void (*gone)(void *data);
};

struct spawn {
	const char *program;      /* path */
	char *const *arguments;   /* NULL-terminated, [0] is the name */
	char *const *environment; /* NULL-terminated; added to what the guardian passes on of the
	                             worker's environment */
	const char *token;        /* the "JOB_TOKEN=..." of the environment */
	int fds[SPAWN_FDS_MAX]; /* become 0, 1, 2 and so on; -1 ends them; closed by guardian_spawn
	                         */
	const struct spawn_limits *limits; /* NULL for none */
};

/*
 * Starts a process. Never fails at once: an error is told by failed(), from a later turn of the
 * loop. The guardian frees the child after failed(), after gone(), and after exited() when there
 * are no leftovers and no kill was asked for.
 */
struct child *guardian_spawn(struct guardian *g, const struct spawn *s,
                             const struct child_events *events, void *data);
void child_signal_tree(struct child *c, int signal);
void child_kill_tree(struct child *c);
/* Makes sure that no further event reaches the owner. */
void child_abandon(struct child *c);
