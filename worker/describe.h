/* SPDX-License-Identifier: Apache-2.0 */
/* Says in the log what the worker is about to do, and what it did. */
#pragma once

#include "worker/state/state.h"

/* Logs the queues that are consumed, and the handlers with their limits. */
void describe_start(const struct worker *w);
/* Logs the totals. */
void describe_end(const struct worker *w);
