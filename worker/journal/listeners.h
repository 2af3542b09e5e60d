/* SPDX-License-Identifier: Apache-2.0 */
/* The table of those who listen to the journal. */
#pragma once

#include "worker/journal/journal.h"

/* All of them, in the order in which they hear. Ends with NULL. */
extern const struct listener *const listeners[];
