/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which handler takes a type, and whether it can be used at present: a handler whose program cannot
 * be started is paused with a growing back-off, and tried again with the next job after it; so is a
 * long-lived one that crashes and crashes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/handlers/handler.h"

struct dispatch;

struct dispatch_choice {
	struct handler *handler; /* NULL: no glob matches */
	bool full;               /* it has no room now: the job waits for it */
	bool paused;
	int64_t paused_until_ms; /* monotonic */
};

struct dispatch *dispatch_create(void);
/* Opens all handlers of the settings. Returns -1 with ERROR_CONFIG, which names the first that
 * cannot be opened. d has to be stopped and destroyed in both cases. */
int dispatch_open(struct dispatch *d, uv_loop_t *loop, struct guardian *g,
                  const struct worker_settings *s, struct error *err);
/* Ends in three stages, like a handler (handler.h). dispatch_stop cuts off all runs, without
 * done(). */
void dispatch_stop(struct dispatch *d);
/* Returns true once every handler has ended. Turn the loop until then. */
bool dispatch_stopped(const struct dispatch *d);
/* Frees d, which must have ended. Does nothing for NULL. */
void dispatch_destroy(struct dispatch *d);

struct dispatch_choice dispatch_choose(struct dispatch *d, const char *type);
/* It could not be started: paused for 1 s, 2 s, ... 60 s. Returns the pause in ms. */
int64_t dispatch_unrunnable(struct dispatch *d, struct handler *h);
/* A job of it crashed. Returns the pause in ms that a long-lived one gets after several without a
 * success; 0: none. */
int64_t dispatch_crashed(struct dispatch *d, struct handler *h);
/* It ran something: the back-off begins anew. True: it had been paused. */
bool dispatch_ran(struct dispatch *d, struct handler *h);
/* A job begins in it, or has ended: for its concurrency. */
void dispatch_begins(struct dispatch *d, struct handler *h);
void dispatch_ended(struct dispatch *d, struct handler *h);
/* The end of a turn of the loop. */
void dispatch_flush(struct dispatch *d);
/* No more jobs come: long-lived processes are asked to end. True: none is left. */
bool dispatch_retire(struct dispatch *d);
