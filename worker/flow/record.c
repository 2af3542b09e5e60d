/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/flow/record.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/signal_name.h"
#include "common/job/box.h"

/* A handler may repeat sealed args in what it says. So the broker does not get its words. */
static bool keeps_words(const struct task *t)
{
	return t->in.clear.len == 0;
}

void record_attempt(struct task *t, const struct run_report *report, enum verdict v,
                    unsigned number)
{
	char name[SIGNAL_NAME_SIZE];
	const char *words = report->error[0] && keeps_words(t) ? report->error : NULL;
	const struct box_attempt this_attempt = {
	    .attempt = number,
	    .at_ms = t->attempt.started_at_ms,
	    .queued_ms = task_queued_ms(t),
	    .wall_ms = report->wall_ms,
	    .cpu_user_ms = report->cpu_user_ms,
	    .cpu_system_ms = report->cpu_system_ms,
	    .max_rss_kib = report->max_rss_kib,
	    .verdict = verdict_name(v),
	    .exit_code = report->exit_code,
	    .signal = signal_name(report->signal, name),
	    .worker = t->worker->settings->connection.name,
	    .error = words,
	};
	char *history = box_history_add(t->in.book.history, &this_attempt);
	free(t->in.book.history);
	t->in.book.history = history;
	if (t->fate.kind == FATE_DEAD)
		t->box = box_make(
		    t->fate.reason,
		    keeps_words(t) ? words : "its args are sealed: the worker's log has more",
		    clock_now_ms(), task_queue(t)->settings->queue.name, &this_attempt,
		    keeps_words(t) ? report->stderr_tail : (struct span){0}, history,
		    t->worker->links.room.ours / 2);
}

void record_without_attempt(struct task *t, const char *detail)
{
	t->box =
	    box_make(t->fate.reason, detail, clock_now_ms(), task_queue(t)->settings->queue.name,
	             NULL, (struct span){0}, t->in.book.history, t->worker->links.room.ours / 2);
}
