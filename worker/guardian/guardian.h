/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent of every handler process: a small process of its own, forked before anything else, so
 * that starting a handler never forks a large process, wait4 tells what each one cost, orphans come
 * to it (subreaper), and everything dies with the worker: it kills all handlers when its socket
 * closes.
 *
 * This is the worker's end. All functions run on the loop's thread, guardian_fork before there is
 * one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/error.h"
#include "worker/guardian/spawn_limits.h"

struct guardian;
struct child;

/* Starts the process. Call first in main: no thread, no connection, no open file it should not
 * inherit. */
int guardian_fork(int *fd, int *pid, struct error *err);

/* Takes fd. Calls gone(data) when the guardian has died, which no handler survives. */
struct guardian *guardian_open(uv_loop_t *loop, int fd, int pid, void (*gone)(void *data),
                               void *data);
/*
 * Ends in three stages. guardian_stop closes the socket, and the guardian then kills every handler
 * that is left. No event of a child comes any more, and requests are not sent.
 */
void guardian_stop(struct guardian *g);
/* Returns when the guardian has ended and no process is left below this one, or after ms. Call it
 * after guardian_stop. */
void guardian_wait(struct guardian *g, int64_t ms);
/* Frees g and all of its children. Call it once the loop has nothing left to do. Does nothing for
 * NULL. */
void guardian_destroy(struct guardian *g);

struct child_exit {
	int status;                                      /* of waitpid */
	int64_t cpu_user_us, cpu_system_us, max_rss_kib; /* of the root and what it waited for */
	bool for_memory;                                 /* its control group ran out of memory */
	bool leftovers; /* something of its tree lives on: child_kill_tree ends it */
};

/* One of failed or exited comes for each spawn; gone after child_kill_tree, later than exited. */
struct child_events {
	void (*started)(void *data, pid_t pid); /* may be NULL: nobody wants to know */
	void (*failed)(void *data, int errnum);
	void (*exited)(void *data, const struct child_exit *exit);
	void (*gone)(void *data);
};

struct spawn {
	const char *program;    /* path */
	char *const *arguments; /* NULL-terminated, [0] is the name */
	char *const
	    *environment;  /* NULL-terminated: beside what the worker's own environment gives */
	const char *token; /* the "JOB_TOKEN=..." of the environment */
	int fds[SPAWN_FDS_MAX]; /* become 0, 1, 2 ...; -1 ends them; closed by this call */
	const struct spawn_limits *limits; /* NULL: none */
};

/*
 * Never fails at once; what goes wrong arrives as failed(). The child is the guardian's until
 * failed, until exited without leftovers and without a kill asked for, or until gone: then the
 * pointer is dead.
 */
struct child *guardian_spawn(struct guardian *g, const struct spawn *s,
                             const struct child_events *events, void *data);
void child_signal_tree(struct child *c, int signal);
void child_kill_tree(struct child *c);
/* No further event reaches the owner. */
void child_abandon(struct child *c);
