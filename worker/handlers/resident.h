/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One long-lived handler process: its pipes, the jobs in flight in it, its end. It is given jobs
 * while it takes them, and ends in one of three ways: retired (end of input, it finishes what it
 * has), at fault (a line that breaks the protocol), or of itself. Whatever it still held then is
 * reported as crashed.
 *
 * One that runs its jobs in turn is given more than one only while they are short: as many as take
 * a few milliseconds together. Each begins when the one before it has ended, and only the first of
 * them can be to blame for a crash.
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
	bool stdio; /* the protocol on 0 and 1 in place of 3 and 4 */
	const struct spawn_limits *limits;
};

/* The last of these comes at the very end; the resident is freed after it. */
struct resident_events {
	/* It takes another job now, or a job in it has ended. */
	void (*room)(void *data);
	/* It has ended, and this run, given to it, had not begun: it is for another one. */
	void (*unbegun)(void *data, struct run *run);
	/* productive: it has finished a job. unstarted: errno of a start that failed, else 0. */
	void (*ended)(void *data, struct resident *r, bool productive, int unstarted);
	void *data;
};

struct resident *resident_create(const struct resident_spec *spec,
                                 const struct resident_events *events);
/*
 * Would resident_run take a job with this id? Two jobs with one id never run in one process at a
 * time: replies name only the id.
 */
bool resident_takes(const struct resident *r, const char *id);
bool resident_has_room(const struct resident *r);
unsigned resident_in_flight(const struct resident *r);
void resident_run(struct resident *r, struct run *run);
/* TERM: tells the handler to give the job up. KILL: ends the process, and with it what else it held
 * (returned uncounted). */
void resident_stop(struct run *run, enum run_stop how);
/* Writes the requests of this turn, all at once. */
void resident_flush(struct resident *r);
/* No more jobs; end of input once it holds none. */
void resident_retire(struct resident *r);
/* Cuts r off: no event comes any more, the runs in it are their owner's again, and r is freed once
 * its handles are closed. */
void resident_close(struct resident *r);
