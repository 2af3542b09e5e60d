/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a batch: waits for input, outcomes, answers and signals, and serves them in turn. */
#pragma once

#include "producer/batch/batch_state.h"

/* Works until all lines have their outcome, b->rc is -1, or a second interrupt ends the run. */
void batch_work(struct batch *b);
