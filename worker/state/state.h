/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's state: one struct in parts. Each part is written by the one file that its comment
 * names, and read by all. worker_run owns the struct, everybody else borrows it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/amqp/link.h"
#include "common/base/list.h"
#include "common/job/headers.h"
#include "worker/settings/worker_settings.h"
#include "worker/rules/admission.h"
#include "worker/rules/complaint.h"
#include "worker/rules/redelivery.h"

struct dispatch;
struct guardian;
struct listener;
struct options;

/* When to end by itself. Set at the start. */
struct worker_limits {
	uint64_t jobs; /* stop after so many; 0: no limit */
	bool burst;    /* stop when the queues are empty */
};

/* A connection to the broker. */
struct connection {
	struct link *link;
	uv_poll_t poll;
	bool up;
	struct complaint down; /* why it was lost, as told in the log */
};

/* The two connections. Written by links.c. */
struct links {
	struct connection consuming, publishing;
	bool publishing_blocked;  /* the broker is short of memory or disk */
	struct headers_room room; /* of what is published */
	uint64_t generation;      /* of the consuming connection; 0: it has never been up */
	uv_timer_t settle_late;   /* active while settlements wait for more */
};

/*
 * A queue of the worker. Name, settings and prefetch are set at the start, the keys also by
 * reload.c, the numbers of jobs are written by task.c, and the rest by queue.c.
 */
struct queue {
	const struct worker_queue_settings *settings;
	char *amqp_name;   /* owned */
	uint16_t prefetch; /* its share of the slots */
	struct admission admission;
	unsigned waiting, running; /* jobs of it */
	bool active;               /* link_consume was called, and link_cancel was not since */
	bool was_active;           /* the broker has let it start once */
	bool cancelling;           /* link_cancel was called: LINK_CANCELLED is awaited */
	struct complaint complaint;
	unsigned paused_in_a_row; /* jobs that found their handler paused */
	int64_t rests_until_ms;   /* monotonic: the queue is not consumed before */
};

struct queues {
	struct queue *all; /* owned; the number of a queue is its place here */
	unsigned count;
};

/* Every job in hand is a task in one of these lists (task::link). Written by task.c. */
struct tasks {
	struct list waiting;    /* no slot yet */
	struct list running;    /* in a slot */
	struct list publishing; /* the broker has not confirmed their republish yet */
	struct list ended;      /* over since the last turn of the loop */
	struct list spare;      /* kept for jobs to come, so that a steady worker allocates none */
	unsigned running_count, publishing_count, spare_count;
	uint64_t taken; /* jobs taken, less those that were given back before they ran: this
	                   decides when --count is reached */
	struct redelivery *known;
};

enum worker_phase { WORKER_RUNNING, WORKER_DRAINING, WORKER_STOPPED };

/* The phase of the worker between its start and its end. Written by phase.c. */
struct phase {
	enum worker_phase now;
	bool paused;             /* SIGTSTP */
	int64_t drain_until_ms;  /* monotonic; CLOCK_NEVER: no deadline */
	bool drain_enforced;     /* the deadline has passed */
	int64_t retire_until_ms; /* monotonic: long-lived handlers have been asked to end; 0: not
	                            yet */
	int exit_code;
};

/* The memory of --burst about the queues. Written by burst.c. */
struct burst {
	int64_t *depths; /* owned: a number of ready messages for each queue, or DEPTH_... */
	uint64_t taken_when_asked; /* tasks.taken when the depths were asked for */
	bool sounding; /* nothing is consumed, to see whether the queues are really empty */
};

struct worker;

/*
 * The owner of a publish. Embed it in the struct that is to hear of the end. `ended` is called once
 * for each publish, with LINK_CONFIRMED, LINK_RETURNED, LINK_NACKED, LINK_TIMEDOUT or LINK_UNFIT.
 */
struct publish_owner {
	void (*ended)(struct worker *w, struct publish_owner *owner, const struct link_event *e);
};

/* How the answers to waiting producers fare. Written by answer.c. */
struct answering {
	struct publish_owner owner; /* of all answers */
	struct complaint complaint;
	int64_t silent_until_ms; /* monotonic: no answer is sent before */
};

/* Numbers that only grow, for people. Nothing is decided by them. Written by totals_listener.c. */
struct totals {
	uint64_t taken, ok, ring, dead, adopted, given_back, forgotten;
};

enum { SIGNALS_COUNT = 6 };

/* Written by signals.c. */
struct signals {
	uv_signal_t handles[SIGNALS_COUNT];
	unsigned interrupts; /* SIGINTs seen */
};

struct worker {
	/* Set at the start. SIGHUP changes a few of the settings (reload.c). */
	struct worker_settings *settings;
	const struct options *options; /* the command line, for SIGHUP */
	struct worker_limits limits;
	unsigned slots;
	struct guardian *guardian;
	struct dispatch *dispatch;
	const struct listener *const *listeners; /* of the journal; ends with NULL */

	struct links links;
	struct queues queues;
	struct list packs; /* delivery::link: not opened yet. Written by reading.c */
	struct tasks tasks;
	bool throttled; /* too many republishes wait for their confirm. Written by carry_out.c */
	struct phase phase;
	struct burst burst;
	struct answering answers;
	struct totals totals;
	struct signals signals;

	/* The loop and its handles. Written by worker.c. */
	uv_loop_t loop;
	uv_prepare_t before_poll;
	uv_timer_t tick;
	/* Monotonic: time of the last tick. All events before it have been handled. */
	int64_t ticked_at_ms;
	bool started; /* the loop handles are initialised */
};

/* Fills *w with the state of a worker that has not begun to do anything. The settings and listeners
 * are borrowed. */
void state_init(struct worker *w, struct worker_settings *settings,
                const struct listener *const *listeners);
