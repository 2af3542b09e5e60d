/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs in one long-lived process: which of them runs, since when, what it used, and how many
 * more the process may be given.
 *
 * A process that runs its jobs in turn is given more than one only while they are short: as many as
 * take a few milliseconds together. Each begins when the one before it has ended.
 */
#pragma once

#include <sys/types.h>

#include "common/base/list.h"
#include "worker/handlers/handler.h"
#include "worker/handlers/pace.h"
#include "worker/handlers/process_usage.h"
#include "worker/handlers/protocol.h"

struct flights {
	uv_loop_t *loop;
	struct list all; /* flight::link, in the order they came */
	unsigned count, finished;
	unsigned capacity;       /* as the process said */
	bool in_turn;            /* the first of them runs, the others wait in the process */
	bool tells_usage;        /* the process's replies do */
	uint64_t first_since_ns; /* in_turn: when the first one began */
	uint64_t first_since_ms; /* the same by the loop's clock, which costs nothing to look at */
	struct pace pace;        /* in_turn */
};

/* A job in the process. */
struct flight {
	struct list link; /* flights::all */
	struct flights *flights;
	struct run *run;
	uint64_t id_hash;
	uint64_t started_ns; /* when it began: as the first, or with the others at once */
	bool
	    alone; /* no other was in flight meanwhile, so what the process used was for this one */
	struct process_usage before;
};

/* Begins with room for one job. */
void flights_init(struct flights *f, uv_loop_t *loop);
/* The process has said how many jobs it takes, and whether it runs them in turn. That stays once
 * said, because jobs may be waiting for their turn. */
void flights_ready(struct flights *f, int64_t capacity, bool in_turn);
/* Returns how many jobs the process may hold now. */
unsigned flights_room(const struct flights *f);
/* Adds a run that is about to be written to the process pid (0 when not known). */
struct flight *flights_add(struct flights *f, struct run *run, pid_t pid);
/* Returns the first of the flights with this job id, or NULL. */
struct flight *flights_find(const struct flights *f, const char *id);
/* Returns the flight that has been there longest, or NULL. */
struct flight *flights_first(const struct flights *f);
/* Ends the flight by its reply: fills in what the job cost, calls done(), and begins the next. */
void flights_finish(struct flight *f, const struct reply *reply, pid_t pid,
                    struct run_report *report);
/* Ends the flight with this report, which gets its time. */
void flights_end(struct flight *f, struct run_report *report);
/* Takes the flight away without a report. The run is its owner's again. */
struct run *flights_take(struct flight *f);
/* Notes that `bytes` were read at once and ended all jobs after `finished_before`. since_ns is what
 * first_since_ns was before. */
void flights_heard(struct flights *f, unsigned finished_before, size_t bytes, uint64_t since_ns);
/* Returns true when the process has so much to do that its replies may lie for PACE_DELAY_MS.
 * Always false for a process that runs several jobs at once: each of its replies frees a place. */
bool flights_may_delay(const struct flights *f);
