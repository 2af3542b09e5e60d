/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One long-lived handler process, from its start to its end. It is given jobs while it takes them.
 * It ends in one of three ways: it is retired (end of input, it finishes what it has), it is at
 * fault (a line that breaks the protocol), or it ends by itself. The jobs that it still held then
 * are reported as crashed. Of a process that runs its jobs in turn, only the first can be to blame.
 * The others had not begun.
 */
#pragma once

#include <stdbool.h>

#include "worker/handlers/handler.h"

struct resident;
struct spawn_limits;

struct resident_spec {
	struct handler *handler;
	const char *program;
	char *const *words;
	bool stdio; /* the protocol is on 0 and 1 in place of 3 and 4 */
	const struct spawn_limits *limits;
};

/* Calls of a resident to its pool. */
struct resident_events {
	/* The resident takes another job now, or a job in it has ended. */
	void (*room)(void *data);
	/* The resident has ended before this run had begun in it. The run is for another resident.
	 */
	void (*unbegun)(void *data, struct run *run);
	/* The resident has ended and frees itself after this call, which is the last. productive
	 * says that it has finished a job. unstarted is the errno of a failed start, or 0. */
	void (*ended)(void *data, struct resident *r, bool productive, int unstarted);
	void *data;
};

/*
 * Starts a process for the handler of spec. Copies *spec and *events, and borrows what they point
 * to until `ended` or resident_close. Never returns NULL: `ended` tells of a failed start. The
 * resident frees itself after `ended`, or after resident_close.
 */
struct resident *resident_create(const struct resident_spec *spec,
                                 const struct resident_events *events);
/*
 * Returns true when resident_run may be called with a job of this id. Replies name only the id, so
 * two jobs with one id never run in one process at a time.
 */
bool resident_takes(const struct resident *r, const char *id);
/* Returns true when the process may be given one more job now. */
bool resident_has_room(const struct resident *r);
/* Returns how many jobs the process holds. */
unsigned resident_in_flight(const struct resident *r);
/* Gives the run to the process with the next resident_flush. Call it only if resident_has_room and
 * resident_takes agree. The run is borrowed until its done(), `unbegun`, or resident_close. */
void resident_run(struct resident *r, struct run *run);
/* With TERM, tells the process to give the job up. With KILL, ends the process. The other jobs in
 * it are returned uncounted. */
void resident_stop(struct run *run, enum run_stop how);
/* Writes the requests of this turn of the loop, all at once. */
void resident_flush(struct resident *r);
/* Gives r no more jobs, and closes its input once it holds none. */
void resident_retire(struct resident *r);
/* Cuts r off: no event comes any more, the runs in it are their owner's again, and r is freed once
 * its handles are closed. */
void resident_close(struct resident *r);
