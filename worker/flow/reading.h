/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the jobs that a delivery brings, as tasks. */
#pragma once

#include "worker/state/task.h"

/* Gets the task of each job that reading_open_pack reads. The task is the callee's, and in no list
 * yet. */
typedef void reading_fn(struct task *t);

/* Returns the task of a delivery that brings one job. */
struct task *reading_job(struct worker *w, struct delivery *d);

/* Keeps a pack unopened, at the end of worker::packs. Takes over the caller's hold. */
void reading_keep_pack(struct worker *w, struct delivery *d);
/* Takes an unopened pack out of worker::packs. The hold is the caller's. */
void reading_let_pack_go(struct delivery *d);
/* Opens a pack of worker::packs. One that cannot be opened is read as one job that will never run.
 */
void reading_open_pack(struct worker *w, struct delivery *d, reading_fn *each);
