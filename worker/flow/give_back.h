/* SPDX-License-Identifier: Apache-2.0 */
/* Gives jobs that have not begun back to the broker. */
#pragma once

#include "worker/state/task.h"

/*
 * Gives a task back that does not count as taken: by a requeue, or as a new message. A task that
 * was interrupted too often is refused instead. why is static text for the log, or NULL for no
 * line.
 */
void give_back_task(struct task *t, const char *why);
/* Gives an unopened pack back as a whole. Job by job when the broker would count a return of the
 * whole against every job. */
void give_back_pack(struct worker *w, struct delivery *d);
/* Gives back everything that waits. */
void give_back_all(struct worker *w);
/* Gives back what waits and arrived before that (monotonic). A full handler may hold it for ever.
 */
void give_back_overdue(struct worker *w, int64_t held_before_ms);
/* Returns true if a job can leave its pack, or come back as a new message, now. */
bool give_back_can_publish(const struct worker *w);
