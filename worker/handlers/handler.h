/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one interface of all handler kinds: start a job, stop it, report one verdict with output and
 * resource use. Deadlines, drain, counting and acks are the caller's business and know nothing of
 * the kind. Everything here runs on the loop's thread.
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

/* The part of a job that a handler may see. All is borrowed, and lives until done() was called. */
struct run_request {
	const struct job *job;
	struct span document; /* the message's body as it came */
	bool raw;             /* the body is the args, and no document */
	const char *queue;    /* as the user knows it: "mail" */
	unsigned attempt, max_attempts;
	int64_t deadline_at_ms; /* wall clock; for the handler's information, as the caller enforces
	                           it */
};

/* One run of a job in a handler. Embedded in what the caller keeps of the job. */
struct run {
	struct run_request request;
	/* Called exactly once per start, but never after handler_stop, and never from inside start
	 * or stop. */
	void (*done)(struct run *r, const struct run_report *report);
	/*
	 * Called when the turn has come of a run that start() left waiting in a process, behind
	 * other jobs. Its deadline counts from here. May be NULL.
	 */
	void (*began)(struct run *r);
	/* Called now and then before done(), by kinds that can, with the percent that are done (-1
	 * when not said) and a note. May be NULL. */
	void (*progress)(struct run *r, int percent, struct span note);
	/* Called with a line that the handler writes for people. May be NULL. */
	void (*log)(struct run *r, struct span line);
	bool waiting; /* set by the kind while the run has been started and has not begun */
	const char *stopped_why; /* set by the owner before it stops the run: "timeout", "drain" */
	void *owner;             /* the caller's */
	void *state;             /* the kind's */
	struct handler *handler;
};

enum run_stop { RUN_STOP_TERM, RUN_STOP_KILL };

struct handler_kind {
	const char *name; /* "exec", the word before ':' in a handler's run text */
	/* One process runs many jobs. The handler is paused when it crashes again and again. */
	bool long_lived;
	/* Parses the rest of the text, and checks what can be checked without running it, such as
	 * that the executable is there. */
	int (*open)(struct handler *h, const char *rest, struct error *err);
	/* Cuts off all runs without done(), and begins to close whatever the handler has in the
	 * loop. The kind holds the handler (handler_hold) until all of that is closed. */
	void (*close)(struct handler *h);
	/* Frees the kind's state. Called after close, when nothing holds the handler any more. */
	void (*free)(struct handler *h);
	/* Returns true when there is no room for one more job now. The job then waits, and others
	 * may overtake it. NULL when there is always room. */
	bool (*full)(const struct handler *h);
	/* Called at the end of a turn of the loop, so that what its starts and stops have to say
	 * goes out in one write. May be NULL. */
	void (*flush)(struct handler *h);
	/* Asks long-lived processes to end, because no more runs come. Returns true when none is
	 * left. NULL when there are none between runs. */
	bool (*retire)(struct handler *h);
	/* Starts the run. What goes wrong is reported by done(), from a later turn of the loop. */
	void (*start)(struct handler *h, struct run *r);
	/* Asks the run to end (TERM), or ends it (KILL). done() follows. Does nothing after the
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
	size_t held; /* number of open handles that keep the handler alive */
	bool closing;
};

/* For kinds. Call handler_hold for each thing in the loop that refers to h, and handler_release
 * when that thing is closed. */
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
