/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells which handler takes a type of job, and whether it can be used at present. A handler whose
 * program cannot be started is paused with a growing back-off, and tried again with the next job
 * after that. So is a long-lived handler that crashes again and again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/handlers/handler.h"

struct dispatch;

struct dispatch_choice {
	struct handler *handler; /* NULL when no glob matches */
	bool full;               /* there is no room now, and the job has to wait */
	bool paused;
	int64_t paused_until_ms; /* monotonic */
};

/* Returns an empty dispatch without handlers. The caller owns it. Never returns NULL. */
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

/* Returns the handler of the first glob that matches the type. It is borrowed, and lives until
 * dispatch_destroy. */
struct dispatch_choice dispatch_choose(struct dispatch *d, const char *type);
/* Pauses h, which could not be started, for 1 s, 2 s and so on up to 60 s. Returns the pause in ms.
 */
int64_t dispatch_unrunnable(struct dispatch *d, struct handler *h);
/* Counts a crash of h. Returns the pause in ms that a long-lived handler gets after several without
 * a success, or 0. */
int64_t dispatch_crashed(struct dispatch *d, struct handler *h);
/* Resets h's back-off after a run that neither crashed nor failed to start. Returns true if h had
 * been paused. */
bool dispatch_ran(struct dispatch *d, struct handler *h);
/* Count the jobs in h, for its concurrency. */
void dispatch_begins(struct dispatch *d, struct handler *h);
void dispatch_ended(struct dispatch *d, struct handler *h);
/* Lets every handler write what it has collected. Call it at the end of a turn of the loop. */
void dispatch_flush(struct dispatch *d);
/* Asks long-lived processes to end, because no more jobs come. Returns true when none is left. */
bool dispatch_retire(struct dispatch *d);
