/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/consumer_timeout.h"

#include "worker/flow/give_back.h"
#include "worker/links.h"
#include "worker/rules/hold.h"
#include "worker/state/task.h"

/*
 * A job that runs, or is being republished, cannot be let go. A job that waits is given back much
 * earlier, because a lost connection counts as an interruption, of which jobs that never ran would
 * die.
 */
void consumer_timeout_watch(struct worker *w, int64_t now_ms)
{
	int64_t limit_ms = hold_delivery_ms(w->settings->broker_consumer_timeout_ms);
	give_back_overdue(w, now_ms - limit_ms / 2);
	if (w->links.consuming.up && task_oldest_ms(w, now_ms) > limit_ms)
		links_reopen_consuming(
		    w, "a delivery is held nearly as long as the broker's consumer_timeout");
}
