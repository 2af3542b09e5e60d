/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes below the guardian, and which of them belong to which try. A process belongs to a
 * try when it is the try's root or descends from it, is in the root's session, carries the try's
 * token in its environment, or descends from one that does. Reads /proc; used by the guardian
 * process only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tree_process {
	pid_t pid, parent, session;
	unsigned long long started; /* clock ticks since boot: tells a reused pid */
	const void *owner;          /* the try it belongs to; NULL: none found */
};

struct tree {
	struct tree_process *processes; /* descendants of the guardian, itself left out */
	size_t count, cap;
};

/* Does the calling process have a child that is not among the count known ones? Cheap; true when
 * unsure. */
bool tree_has_stranger(const pid_t *known, size_t count);

/* All descendants of the calling process, owners not yet set. */
void tree_scan(struct tree *t);
void tree_finish(struct tree *t);
/* Sets owner on what belongs to the try. root: its first process; ended: that has been reaped.
 * token: "JOB_TOKEN=..."
 */
void tree_claim(struct tree *t, const void *owner, pid_t root, bool ended, const char *token);
/* Sends the signal to the very process that was scanned: a pid that was reused meanwhile is left
 * alone. */
void tree_signal(const struct tree_process *p, int signal);
/*
 * Kills all descendants of the calling process, reaping its children, until there is none or the
 * monotonic clock has passed until_ms. True: there is none.
 */
bool tree_kill_all(int64_t until_ms);
