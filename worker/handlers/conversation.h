/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation of the worker with one long-lived process. Requests are collected and written
 * once a turn of the loop. Replies are read and end the flights that they name.
 */
#pragma once

#include "common/base/buf.h"
#include "worker/handlers/flights.h"

struct conversation;

struct conversation_events {
	/* The process has broken the protocol, and is not listened to any more. line is what it
	 * said, or empty. */
	void (*fault)(struct conversation *c, const char *what, struct span line);
	/* The process takes another job now, or a job in it has ended. */
	void (*room)(struct conversation *c);
};

/* Embedded in the owner of the process. */
struct conversation {
	struct flights flights;
	const struct conversation_events *events;
	const struct handler *handler;
	const struct output *errors; /* the process's stderr, for the reports */
	pid_t pid;                   /* 0: not known yet */
	bool broken;                 /* the process was at fault */
	struct buf line;             /* of a reply, not complete yet */
	struct buf unsent;           /* requests of this turn */
};

/* All but the conversation itself is borrowed. */
void conversation_init(struct conversation *c, const struct handler *h, const struct output *errors,
                       const struct conversation_events *events);
void conversation_finish(struct conversation *c);

/* Adds the run to the flights, and its request to what is to be written. */
void conversation_ask(struct conversation *c, struct run *run);
/* Tells the process to give up a job that it holds. */
void conversation_cancel(struct conversation *c, const struct run *run);
/* Writes what is to be written. Does nothing when `to` is closing. */
void conversation_flush(struct conversation *c, uv_pipe_t *to);
/* Takes bytes that the process has written. */
void conversation_hear(struct conversation *c, const char *data, size_t len);
/* Reports the fault, unless one was reported before. */
void conversation_break(struct conversation *c, const char *what, struct span line);
