/* SPDX-License-Identifier: Apache-2.0 */
/* Answers the producers that wait for a job. */
#include "worker/state/answer.h"
#include "worker/journal/journal.h"
#include "worker/state/task.h"

static void hear_end(struct worker *w, const struct news *n)
{
	struct task *t = n->task;
	const char *error = n->report->error;
	if (t->fate.kind == FATE_RING)
		answer_retry(w, &t->answer, n->verdict, error, t->fate.delay_ms);
	else
		answer_final(w, &t->answer, n->verdict, t->fate.reason, error, n->report,
		             task_queued_ms(t));
}

/* Answers that the job is dead without an attempt that would have a report. */
static void hear_death(struct worker *w, const struct news *n, const char *reason)
{
	answer_final(w, &n->task->answer, VERDICT_DEAD, reason, n->words, NULL, -1);
}

static void hear(struct worker *w, const struct news *n)
{
	struct task *t = n->task;
	if (!t || !answer_wanted(&t->answer))
		return;
	switch (n->kind) {
	case NEWS_PROGRESS:
		answer_progress(w, &t->answer, n->percent, n->text);
		break;
	case NEWS_LINE:
		answer_log(w, &t->answer, n->text);
		break;
	case NEWS_ENDED:
		hear_end(w, n);
		break;
	case NEWS_UNFIT:
		hear_death(w, n, t->fate.reason);
		break;
	case NEWS_REFUSED:
		if (t->fate.kind == FATE_DEAD)
			hear_death(w, n, t->fate.reason);
		break;
	case NEWS_REJECTED:
		if (t->fate.kind != FATE_DEAD) /* or the producer knows already */
			hear_death(w, n, "rejected");
		break;
	default:
		break;
	}
}

const struct listener answer_listener = {.name = "answer", .hear = hear};
