/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what became of jobs. */
#include "worker/journal/journal.h"
#include "worker/state/task.h"

static void count_fate(struct totals *totals, enum fate_kind fate)
{
	if (fate == FATE_DONE)
		totals->ok++;
	else if (fate == FATE_DEAD)
		totals->dead++;
	else
		totals->ring++;
}

static void hear(struct worker *w, const struct news *n)
{
	struct totals *totals = &w->totals;
	switch (n->kind) {
	case NEWS_TAKEN:
		totals->taken++;
		break;
	case NEWS_STILL_IN_HAND:
	case NEWS_DONE_BEFORE:
		totals->adopted++;
		break;
	case NEWS_GIVEN_BACK:
		totals->given_back++;
		break;
	case NEWS_FORGOTTEN:
		if (n->task) /* of an unopened pack no job was taken */
			totals->forgotten++;
		break;
	case NEWS_ENDED:
		if (n->task->fate.kind == FATE_DONE) /* the others when the broker has them */
			count_fate(totals, FATE_DONE);
		break;
	case NEWS_REPUBLISHED:
		count_fate(totals, n->task->fate.kind);
		break;
	case NEWS_REJECTED:
		totals->dead++;
		break;
	default:
		break;
	}
}

const struct listener totals_listener = {.name = "totals", .hear = hear};
