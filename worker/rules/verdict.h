/* SPDX-License-Identifier: Apache-2.0 */
/* How an attempt ended, and the names of that. Pure. docs/handlers.md prints the table. */
#pragma once

#include <stdbool.h>

enum verdict {
	VERDICT_OK,
	VERDICT_RETRY,      /* counted as a failure */
	VERDICT_SNOOZE,     /* not counted */
	VERDICT_DEAD,       /* no more attempts */
	VERDICT_CRASH,      /* ended by a signal that the worker did not send */
	VERDICT_TIMEOUT,    /* stopped by the worker at its deadline */
	VERDICT_OOM,        /* killed for memory */
	VERDICT_UNRUNNABLE, /* could not be started, which is the worker's fault, never the job's */
	VERDICT_RETURNED,   /* stopped by the worker while draining: not counted */
};

/* Returns the name of v as logs, answers and dead letters have it: "ok", "retry", ... Static. */
const char *verdict_name(enum verdict v);
/* Fills *v with the verdict of that name. Returns false, and leaves *v alone, for another name. */
bool verdict_from_name(const char *name, enum verdict *v);
/* Returns what an exit code means by default: 0 ok, 65 and 100 dead, every other code retry. */
enum verdict verdict_of_exit(int code);
