/* SPDX-License-Identifier: Apache-2.0 */
/* Writes what became of jobs to the log. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/journal/journal.h"
#include "worker/state/task.h"

/* Leaves out what is not known: an HTTP service does not tell what it used. */
static void log_ok(const struct task *t, const struct run_report *report)
{
	char cost[64] = "", queued[64] = "";
	int64_t cpu_ms = report->cpu_user_ms + report->cpu_system_ms;
	int64_t waited_ms = task_queued_ms(t);
	if (report->cpu_user_ms >= 0)
		snprintf(cost, sizeof cost, ", cpu %" PRId64 " ms, %" PRId64 " KiB", cpu_ms,
		         report->max_rss_kib);
	if (waited_ms >= 0)
		snprintf(queued, sizeof queued, "queued %" PRId64 " ms", waited_ms);
	const char *both = *queued ? cost : *cost ? cost + 2 : "";
	log_info(task_subject(t), "ok in %lld ms%s%s%s%s", (long long)report->wall_ms,
	         *queued || *cost ? " (" : "", queued, both, *queued || *cost ? ")" : "");
}

static void log_end(const struct task *t, const struct news *n)
{
	char delay[CLOCK_TEXT_SIZE];
	const char *verdict = verdict_name(n->verdict);
	const char *error = n->report->error[0] ? n->report->error : "no message";
	if (t->fate.kind == FATE_DONE && log_enabled(LOG_INFO))
		log_ok(t, n->report);
	else if (t->fate.kind == FATE_RING)
		log_warn(task_subject(t), "%s: %s; again in %s as attempt %u of %u", verdict, error,
		         clock_format_duration(t->fate.delay_ms, delay), t->in.book.attempt,
		         t->in.policy.max_attempts);
	else if (t->fate.kind == FATE_DEAD)
		log_error(task_subject(t), "dead (%s): %s: %s", t->fate.reason, verdict, error);
}

static void log_refusal(const struct task *t, const char *words)
{
	char delay[CLOCK_TEXT_SIZE];
	if (t->fate.kind == FATE_DEAD)
		log_error(task_subject(t), "dead (%s) without running: %s", t->fate.reason, words);
	else
		log_warn(task_subject(t), "not run now (%s), type '%s'; again in %s", words,
		         t->in.job.type ? t->in.job.type : "?",
		         clock_format_duration(t->fate.delay_ms, delay));
}

static void log_reject(const struct task *t, const char *words)
{
	log_error(task_subject(t),
	          "dead (%s) without a box, because it cannot be published again: %s%s",
	          t->fate.kind == FATE_DEAD ? t->fate.reason : t->fate.word, words,
	          t->packed ? "; the whole pack it came in is dead with it" : "");
}

static void log_timeout_cut(const struct task *t, int64_t wanted_ms)
{
	log_warn(task_subject(t),
	         "its timeout of %lld s is over what the broker's consumer_timeout allows: it gets "
	         "%lld s",
	         (long long)(wanted_ms / 1000), (long long)(t->attempt.timeout_ms / 1000));
}

static void hear(struct worker *w, const struct news *n)
{
	const struct task *t = n->task;
	(void)w;
	switch (n->kind) {
	case NEWS_STILL_IN_HAND:
		log_info(
		    task_subject(t),
		    "delivered again after a reconnect while it is still in hand: not run twice");
		break;
	case NEWS_DONE_BEFORE:
		log_info(task_subject(t), "delivered again though it was finished here: "
		                          "acknowledged without a second run");
		break;
	case NEWS_STARTED:
		log_debug(task_subject(t), "starts, attempt %u of %u", t->in.book.attempt,
		          t->in.policy.max_attempts);
		break;
	case NEWS_TIMEOUT_CUT:
		log_timeout_cut(t, n->ms);
		break;
	case NEWS_OVERDUE:
		log_warn(task_subject(t),
		         "its deadline has passed: the handler's processes get SIGTERM, and "
		         "SIGKILL in %lld ms",
		         (long long)t->attempt.grace_ms);
		break;
	case NEWS_ENDED:
		log_end(t, n);
		break;
	case NEWS_UNFIT:
		log_error(task_subject(t), "dead (%s): %s", t->fate.reason, n->words);
		break;
	case NEWS_REFUSED:
		log_refusal(t, n->words);
		break;
	case NEWS_GIVEN_BACK:
		if (t && n->words)
			log_info(task_subject(t), "%s: given back to the queue", n->words);
		break;
	case NEWS_REPUBLISH_FAILED:
		log_error(task_subject(t),
		          "the broker refused its republish (%s): it is kept and published again "
		          "in %lld s",
		          n->words, (long long)(n->ms / 1000));
		break;
	case NEWS_HANDLER_PAUSED:
		log_error(LOG_SELF, "%s", n->words);
		break;
	case NEWS_HANDLER_WORKS:
		log_info(LOG_SELF, "%s", n->words);
		break;
	case NEWS_REJECTED:
		log_reject(t, n->words);
		break;
	default:
		break;
	}
}

const struct listener log_listener = {.name = "log", .hear = hear};
