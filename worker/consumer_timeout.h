/* SPDX-License-Identifier: Apache-2.0 */
/* Holds no delivery as long as the broker's consumer_timeout, which would close the channel. */
#pragma once

#include "worker/state/state.h"

/*
 * Gives back what has waited for nearly half of the timeout, and opens the consuming connection
 * anew before a delivery that cannot be given back reaches the timeout. Call it now and then.
 */
void consumer_timeout_watch(struct worker *w, int64_t now_ms /* monotonic */);
