/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which of the waiting jobs begin. */
#pragma once

#include "worker/state/state.h"

/* Starts waiting tasks while slots are free. Call it once per turn of the loop. */
void scheduling_start_waiting(struct worker *w);
