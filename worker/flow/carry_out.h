/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out the fate of a task. */
#pragma once

#include "worker/state/task.h"

/*
 * Acknowledges a task that is done. Republishes every other one, and settles it when the broker has
 * confirmed that. The task is in no slot any more.
 */
void carry_out_fate(struct task *t);
