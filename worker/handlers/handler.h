/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one interface of all handler kinds: start a job in a slot, stop it, report one verdict with
 * output and resource use. Deadlines, drain, counting and acks are the supervisor's and know
 * nothing of the kind.
 *
 * Everything here runs on the loop's thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/job/job.h"
#include "worker/settings/worker_settings.h"
#include "worker/handlers/report.h"

struct guardian;
struct handler;

/* What a handler may see of a try. All borrowed; lives until done() was called. */
struct run_request {
	const struct job *job;
	struct span document; /* the message's body as it came */
	bool raw;             /* the body is the args, and no document */
	const char *queue;    /* as the user knows it: "mail" */
	unsigned attempt, max_attempts;
	int64_t deadline_at_ms; /* wall clock, for the handler's information: the supervisor
	                           enforces it */
};

/* One try in a handler; embedded in the supervisor's slot. */
struct run {
	struct run_request request;
	/* Called exactly once per start, but never after handler_stop, and never from inside start
	 * or stop. */
	void (*done)(struct run *r, const struct run_report *report);
	/*
	 * Of one that start() left waiting in a handler process, behind other jobs: its turn has
	 * come. Its deadline counts from here. May be NULL.
	 */
	void (*began)(struct run *r);
	/* Now and then before done(), by kinds that can: percent (-1: not said), what it does just
	 * now. May be NULL. */
	void (*progress)(struct run *r, int percent, struct span note);
	/* A line of what it writes for people. May be NULL. */
	void (*log)(struct run *r, struct span line);
	bool waiting;            /* the kind's: it has been started, and has not begun */
	const char *stopped_why; /* set by the owner before it stops the run: "timeout", "drain" */
	void *owner;             /* the supervisor's */
	void *state;             /* the kind's */
	struct handler *handler;
};

enum run_stop { RUN_STOP_TERM, RUN_STOP_KILL };

struct handler_kind {
	const char *name; /* "exec": the word before ':' in a handler's run text */
	/* One process runs many jobs: when it crashes again and again, the handler is paused. */
	bool long_lived;
	/* Parses the rest of the text; checks what can be checked without running it (the
	 * executable is found). */
	int (*open)(struct handler *h, const char *rest, struct error *err);
	/* Cuts off all runs without done(), and begins to close whatever the handler has in the
	 * loop. The kind holds the handler (handler_hold) until all of that is closed. */
	void (*close)(struct handler *h);
	/* Frees the kind's state. Called after close, when nothing holds the handler any more. */
	void (*free)(struct handler *h);
	/* Has it no room for one more job now? The job waits, others may overtake it. NULL: it
	 * always has. */
	bool (*full)(const struct handler *h);
	/* The end of a turn of the loop: what the turn's starts and stops have to say goes out, in
	 * one write. May be NULL. */
	void (*flush)(struct handler *h);
	/* No more runs come: long-lived processes are asked to end. True: none is left. NULL: there
	 * are none between runs. */
	bool (*retire)(struct handler *h);
	/* Cannot fail: what goes wrong is reported by done(), from a later turn of the loop. */
	void (*start)(struct handler *h, struct run *r);
	/* Asks the whole tree to end (TERM) or ends it (KILL). done() follows. Harmless after the
	 * end. */
	void (*stop)(struct run *r, enum run_stop how);
};

struct handler {
	const struct handler_kind *kind;
	const struct handler_settings *settings; /* borrowed */
	const struct worker_settings *worker;    /* borrowed */
	uv_loop_t *loop;
	struct guardian *guardian;
	void *state; /* the kind's */
	size_t held; /* by so many things of the kind that are still in the loop */
	bool closing;
};

/* For kinds: something in the loop refers to h, and then does so no longer. */
void handler_hold(struct handler *h);
void handler_release(struct handler *h);

/*
 * A handler ends in three stages. handler_stop cuts off whatever still runs in it: done() of those
 * runs is never called, and their struct run is not touched again. Stop the guardian before it, or
 * the processes run on.
 */
void handler_stop(struct handler *h);
/* Returns true once h is stopped and its last handle is closed. Turn the loop until then. */
bool handler_stopped(const struct handler *h);
/* Frees h, which must have ended. Does nothing for NULL. */
void handler_destroy(struct handler *h);
