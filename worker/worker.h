/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: the loop, the two links, the slots. It decides when a job starts and sees that
 * each one ends in exactly one settlement. One struct, owned by worker_run and passed down.
 *
 *   running --TERM, INT, count reached, queues empty--> draining --nothing in hand--> stopped
 *        ^\--TSTP--> paused --CONT--/                      \--drain deadline--> handlers stopped,
 * their jobs returned
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/amqp/link.h"
#include "common/base/list.h"
#include "common/settings/settings.h"
#include "worker/rules/admission.h"
#include "worker/rules/complaint.h"
#include "worker/dispatch.h"
#include "worker/rules/redelivery.h"

struct guardian_handle;

struct worker_limits {
	uint64_t jobs; /* stop after so many; 0: no limit */
	bool burst;    /* stop when the queues are empty */
};

enum { DEPTH_UNKNOWN = -1, DEPTH_AWAITED = -2 };

/* How a queue of the worker stands. */
struct queue {
	const struct settings_queue *settings;
	char *amqp_name; /* AMQP name */
	struct admission admission;
	uint16_t prefetch;         /* its share of the slots */
	unsigned waiting, running; /* jobs of it */
	bool active;               /* link_consume was called, and link_cancel was not since */
	bool was_active;           /* the broker has let it start once */
	struct complaint complaint;
	bool cancelling;          /* asked to end: LINK_CANCELLED is awaited */
	unsigned paused_in_a_row; /* jobs that found their handler paused */
	int64_t rests_until_ms;   /* monotonic: nothing is consumed meanwhile */
	int64_t depth;            /* burst: the last answer of link_query, or DEPTH_... */
};

/* How the answers to producers that wait are taken. */
struct answering {
	struct complaint complaint;
	int64_t rest_until_ms; /* monotonic: none is sent meanwhile */
};

struct worker_stats {
	uint64_t taken, ok, ring, dead, adopted, given_back;
};

enum worker_phase { WORKER_RUNNING, WORKER_DRAINING, WORKER_STOPPED };

struct options;

struct worker {
	struct settings *settings;
	const struct options *options; /* the command line, for HUP */
	struct worker_limits limits;
	uv_loop_t loop;
	struct guardian *guardian;
	struct dispatch *dispatch;

	struct link *consuming;
	struct link *publishing;
	bool consuming_up, publishing_up, publishing_blocked;
	struct complaint consuming_down, publishing_down;
	struct answering answers;
	struct headers_room room; /* of what is published */
	uint64_t generation;      /* of the consuming link */

	struct queue *queues;
	unsigned queue_count;

	struct list packs;            /* delivery::link: not opened yet */
	struct list waiting;          /* task::link: no slot yet */
	struct list running;          /* task::link: in a slot */
	struct list publishing_tasks; /* task::link: republish not confirmed yet */
	struct list ended_tasks;      /* task::link: over since the last turn of the loop */
	struct list
	    spare_tasks; /* task::link: for jobs to come, so that a steady worker allocates none */
	unsigned slots, running_count, publishing_count, spare_count;
	struct redelivery *known;

	enum worker_phase phase;
	bool paused;            /* TSTP */
	bool throttled;         /* too many republishes wait */
	int64_t drain_until_ms; /* monotonic; CLOCK_NEVER: no deadline */
	bool drain_enforced;    /* its deadline has passed */
	int64_t ticked_at_ms;   /* monotonic: the last tick; what was to be read then has been read
	                           since */
	int64_t
	    retire_until_ms; /* monotonic: long-lived handlers have been asked to end; 0: not yet */
	unsigned interrupts; /* SIGINTs seen */
	uint64_t taken_when_asked; /* burst: the depths are answers to a question asked then */
	bool sounding; /* burst: consuming rests, to see whether the queues are empty indeed */
	int exit_code;

	struct worker_stats stats;
	uv_poll_t consuming_poll, publishing_poll;
	uv_prepare_t flush;
	uv_timer_t tick;
	uv_timer_t settle_late; /* runs while settlements wait for more */
	uv_signal_t signals[6];
};

/*
 * Runs until drained. guardian_fd and guardian_pid are guardian_fork's. Returns the exit code.
 * settings are changed by HUP (only what may be re-read).
 */
int worker_run(struct settings *settings, const struct options *options,
               struct worker_limits limits, int guardian_fd, int guardian_pid);

/* Begins to drain; deadline_ms from now, or -1 for none. Harmless when draining already. */
void worker_drain(struct worker *w, int64_t deadline_ms, const char *why);
/* Ends at once with exit code; nothing more is settled (the broker redelivers). */
void worker_abandon(struct worker *w, int exit_code);
