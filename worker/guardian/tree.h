/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes below the guardian, and which of them belong to which handler process, the root. A
 * process belongs to a root when it is the root or descends from it, is in the root's session,
 * carries the root's token in its environment, or descends from one that does. Reads /proc. Only
 * the guardian process uses it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tree_process {
	pid_t pid, parent, session;
	unsigned long long
	    started;       /* clock ticks since boot; tells a reused pid from the old one */
	const void *owner; /* whose process it is, or NULL when that is not known */
};

struct tree {
	struct tree_process *processes; /* descendants of the guardian, without the guardian */
	size_t count, cap;
};

/* Returns true when the calling process has a child that is not among the known ones, or when that
 * cannot be told. Cheap. */
bool tree_has_stranger(const pid_t *known, size_t count);

/* Fills t with all descendants of the calling process, without owners. End it with tree_finish. */
void tree_scan(struct tree *t);
void tree_finish(struct tree *t);
/* A handler process whose tree is to be found. All is borrowed. */
struct tree_root {
	const void *owner;
	pid_t pid;
	bool ended;        /* it has been reaped */
	const char *token; /* the "JOB_TOKEN=..." of its environment */
};
/*
 * Sets the owner of every process that belongs to one of the roots. Reads the environment of a
 * process once at most, and only if neither its session nor its parents tell whose it is.
 */
void tree_claim(struct tree *t, const struct tree_root *roots, size_t count);
/* Sends the signal to the process that was scanned. Does nothing when its pid has been reused
 * meanwhile. */
void tree_signal(const struct tree_process *p, int signal);
/*
 * Kills all descendants of the calling process and reaps its children, until there is none or the
 * monotonic clock has passed until_ms. Returns true when there is none.
 */
bool tree_kill_all(int64_t until_ms);
