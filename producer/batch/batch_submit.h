/* SPDX-License-Identifier: Apache-2.0 */
/* Reads lines of a batch, makes messages of them and publishes these. */
#pragma once

#include "producer/batch/batch_state.h"

/* How long a pack waits for more lines. */
enum { BATCH_PACK_LINGER_MS = 20 };

/* Publishes lines as long as the window, the rate and the broker allow it. Returns true if the
 * input must be read before there is another line. */
bool batch_submit_lines(struct batch *b);
/* Publishes the packs that have waited long enough, and all of them once there are no more lines.
 */
void batch_submit_ripe_packs(struct batch *b);
