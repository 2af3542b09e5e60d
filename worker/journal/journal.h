/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the listeners what became of jobs. Whoever decides about a job tells it here, once, and
 * needs not know who listens. A new listener is a file, and a row in listeners.c.
 */
#pragma once

#include <stdint.h>

#include "common/base/buf.h"
#include "worker/handlers/report.h"
#include "worker/rules/verdict.h"

struct task;
struct worker;

/*
 * The kinds of news, most of them about a job. The task knows its fate, where there is one. The
 * comment of a kind says which members of struct news it fills in.
 *
 *   TAKEN -> STARTED -> (PROGRESS, LINE, OVERDUE ...) -> ENDED, the last news if it is done
 *     |                                                    \-> REPUBLISHED or REJECTED
 *     |-> UNFIT or REFUSED -> REPUBLISHED or REJECTED
 *     \-> GIVEN_BACK, the last news if the delivery was requeued
 *              \-> REPUBLISHED or REJECTED
 *
 * GIVEN_BACK comes without TAKEN, and so does REFUSED, for a job that may not be taken when it
 * arrives. FORGOTTEN may come at any time, and nothing follows it. HANDLER_PAUSED and HANDLER_WORKS
 * are about no job.
 */
enum news_kind {
	NEWS_TAKEN,         /* it waits for a slot */
	NEWS_STILL_IN_HAND, /* a copy of it came: it is not run twice, but goes over to the copy */
	NEWS_DONE_BEFORE,   /* a copy of it came after it was finished: only acknowledged */
	NEWS_STARTED,       /* its attempt begins */
	NEWS_TIMEOUT_CUT,   /* ms: the timeout that it wanted. It got attempt.timeout_ms */
	NEWS_PROGRESS,      /* percent (-1: not said), text: a note */
	NEWS_LINE,          /* text: a line that its handler wrote for people */
	NEWS_OVERDUE,       /* its deadline has passed, and the handler is stopped */
	NEWS_ENDED,         /* verdict, report: its attempt ended, and its fate is decided */
	NEWS_UNFIT,         /* words: it can never be run, and is dead */
	NEWS_REFUSED,       /* words: it is not run now: dead, or again later */
	NEWS_GIVEN_BACK, /* words, or NULL: it goes back to its queue before it ran. Without a task:
	                    a whole pack */
	NEWS_FORGOTTEN,  /* the broker will deliver it again, and the worker forgets it. Without a
	                    task: a whole pack */
	NEWS_REPUBLISH_FAILED, /* words, ms: the broker refused its republish; published again in so
	                        * long
	                        */
	NEWS_REPUBLISHED,      /* the broker has its republish */
	NEWS_REJECTED,         /* words: it cannot be published again, and dies by a reject */
	/* Without a task: */
	NEWS_HANDLER_PAUSED, /* words: a line that says which handler is paused, why and how long */
	NEWS_HANDLER_WORKS,  /* words: a line that says which handler works again */
};

/* All borrowed for the time of the call. What the kind does not tell is 0 or NULL. */
struct news {
	enum news_kind kind;
	struct task *task;
	enum verdict verdict;
	const struct run_report *report;
	const char *words;
	struct span text;
	int percent;
	int64_t ms;
};

struct listener {
	const char *name;
	/* Hears everything, in the order in which it is decided. Must not change the task's way. */
	void (*hear)(struct worker *w, const struct news *n);
};

/* Tells each of the worker's listeners, in their order. */
void journal_tell(struct worker *w, const struct news *n);
