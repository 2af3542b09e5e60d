/* SPDX-License-Identifier: Apache-2.0 */
/* The table of those who listen to the journal. */
#pragma once

#include "worker/journal.h"

extern const struct listener log_listener, totals_listener, answer_listener;

/* All of them, in the order in which they hear. Ends with NULL. */
extern const struct listener *const listeners[];
