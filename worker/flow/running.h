/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a task in a slot until its fate is decided. */
#pragma once

#include "worker/state/task.h"

/* Starts an attempt of a waiting task in h, which has a place free. */
void running_start(struct task *t, struct handler *h);
/* Asks all running tasks to end. Their jobs go back to the queue, and no attempt is counted. */
void running_stop_all(struct worker *w);
