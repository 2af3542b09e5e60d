/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that the guardian has started for a handler, from its start to the end of its tree.
 *
 * It has ended once two things have come, in either order: its exit, and the end of both of its
 * output streams. A daemon may hold the streams for ever, so the output ends 200 ms after the exit
 * at the latest. Then whatever is left of its tree is killed, and at last it is gone.
 *
 * Embedded in what owns it. The owner may free that once `closed` was called.
 */
#pragma once

#include <sys/types.h>

#include "worker/guardian/guardian.h"
#include "worker/handlers/handler.h"

struct spawned;

/* Called from the loop, never from inside a function below. */
struct spawned_events {
	/* The guardian has started the process, and pid is known. May be NULL. */
	void (*started)(struct spawned *s);
	/* The process has written these bytes to its stdout, or to its stderr. Borrowed. */
	void (*output)(struct spawned *s, const char *data, size_t len);
	void (*errors)(struct spawned *s, const char *data, size_t len);
	/* The process has closed its stdout. May be NULL. */
	void (*output_ended)(struct spawned *s);
	/* The process has exited. Not called when it could not be started. May be NULL. */
	void (*exited)(struct spawned *s);
	/* The process has ended, or could not be started (start_errno is set). May be NULL. */
	void (*ended)(struct spawned *s);
	/* Called after `ended`: nothing is left of its tree, or it did not go within 2 s. */
	void (*gone)(struct spawned *s);
	/* Called after spawned_close: the loop has let go of s. */
	void (*closed)(struct spawned *s);
};

struct spawned {
	/* For the owner to read. */
	void *owner;
	pid_t pid;       /* 0: not known yet */
	int start_errno; /* why it could not be started */
	bool exited, kill_asked;
	bool for_memory;        /* its SIGKILL was the kernel's */
	struct child_exit exit; /* once it has exited */

	const struct spawned_events *events;
	struct handler *handler;
	struct child
	    *child; /* NULL before the start, and when the guardian has nothing more to say */
	uv_pipe_t out, err;
	uv_timer_t
	    timer; /* one after the other: the grace for output, the wait for the tree's end */
	int out_fd, err_fd; /* the process's ends, until it is started */
	unsigned open;      /* streams that are not at their end */
	unsigned handles;   /* handles that are still open; freed at 0 */
	bool out_ended, grace_over, ended, gone;
	char *tmp; /* its private folder, or NULL */
};

/* Prepares *s, with pipes and the private folder that the handler's settings want. What goes wrong
 * is told by spawned_start. s->out_fd and s->err_fd are for the list of descriptors. */
void spawned_init(struct spawned *s, struct handler *h, const struct spawn_limits *limits,
                  const struct spawned_events *events, void *owner);
/*
 * Starts what `what` describes. Closes its descriptors also when nothing is started, because
 * spawned_init failed or errnum (0: nothing) is what the owner failed with. s->out_fd and s->err_fd
 * must be among the descriptors.
 */
void spawned_start(struct spawned *s, struct spawn *what, int errnum);
/* Sends the signal to its whole tree. Does nothing before the start, or when the tree is gone. */
void spawned_signal(struct spawned *s, int signal);
/* Kills its whole tree. Does nothing when it was killed before, or is gone. */
void spawned_kill(struct spawned *s);
/* Stops or goes on reading its stdout. Its exit makes it go on. */
void spawned_pause_reading(struct spawned *s);
void spawned_read(struct spawned *s);
/* Cuts s off: no event but `closed` comes any more. */
void spawned_close(struct spawned *s);
