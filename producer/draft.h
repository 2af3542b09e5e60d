/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the job that the command line of `send` describes. Touches no broker. */
#pragma once

#include "common/base/buf.h"
#include "common/client/protect.h"
#include "common/job/job.h"
#include "producer/session/session.h"

struct draft {
	struct job job;
	struct buf document;     /* the job's text, sealed if the queue has a key for that */
	const char *queue;       /* as the user knows it; borrowed from the session */
	struct protect *protect; /* borrowed */
};

/*
 * Fills *d, of which only `protect` is set, from the arguments and options of s, and reads standard
 * input if they say so. Returns -1 if they make no valid job. Call draft_finish in both cases.
 */
int draft_make(struct draft *d, const struct session *s, struct error *err);
/* Frees what draft_make made. */
void draft_finish(struct draft *d);
