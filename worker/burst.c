/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/burst.h"

#include <stdlib.h>

#include "common/base/memory.h"
#include "worker/phase.h"
#include "worker/state/queue.h"
#include "worker/state/task.h"

enum { DEPTH_UNKNOWN = -1, DEPTH_AWAITED = -2 };

static void set_depths(struct worker *w, int64_t depth)
{
	for (unsigned i = 0; i < w->queues.count; i++)
		w->burst.depths[i] = depth;
}

void burst_begin(struct worker *w)
{
	w->burst.depths = xcalloc(w->queues.count, sizeof *w->burst.depths);
	set_depths(w, DEPTH_UNKNOWN);
}

void burst_finish(struct worker *w)
{
	free_pointer(&w->burst.depths);
}

void burst_heard(struct worker *w, const struct link_event *e)
{
	if (e->token >= 1 && e->token <= w->queues.count)
		w->burst.depths[e->token - 1] = e->count;
}

static bool is_awaited(const struct worker *w)
{
	for (unsigned i = 0; i < w->queues.count; i++)
		if (w->burst.depths[i] == DEPTH_AWAITED)
			return true;
	return false;
}

/* Returns true when all queues said that they are empty and no job has come since. */
static bool seem_empty(const struct worker *w)
{
	for (unsigned i = 0; i < w->queues.count; i++)
		if (w->burst.depths[i] != 0)
			return false;
	return w->tasks.taken == w->burst.taken_when_asked;
}

static void ask_depths(struct worker *w)
{
	w->burst.taken_when_asked = w->tasks.taken;
	set_depths(w, DEPTH_AWAITED);
	for (unsigned i = 0; i < w->queues.count; i++)
		link_query(w->links.publishing.link, i + 1, w->queues.all[i].amqp_name);
}

static void sound(struct worker *w, bool sounding)
{
	w->burst.sounding = sounding;
	set_depths(w, DEPTH_UNKNOWN);
	queue_update_all(w);
}

/*
 * A queue that says it is empty may have sent its last jobs a moment ago. So the queues are asked
 * again while nothing is consumed, when all that was sent has arrived and been run.
 */
void burst_look(struct worker *w)
{
	if (!w->limits.burst || w->phase.now != WORKER_RUNNING || w->phase.paused ||
	    !w->links.consuming.up || !task_none_in_hand(w))
		return;
	if (is_awaited(w) || (w->burst.sounding && !queue_all_idle(w)))
		return;
	if (seem_empty(w) && w->burst.sounding)
		phase_drain(w, -1, "the queues are empty");
	else if (seem_empty(w))
		sound(w, true);
	else if (w->burst.sounding && w->tasks.taken == w->burst.taken_when_asked &&
	         w->burst.depths[0] != DEPTH_UNKNOWN)
		sound(w, false);
	else
		ask_depths(w);
}
