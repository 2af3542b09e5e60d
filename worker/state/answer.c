/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/state/answer.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/job/scan.h"
#include "common/job/topology.h"
#include "worker/state/publish.h"

enum {
	DEADLINE_MS = 60000,
	SILENCE_MS = 60000,
	PROGRESS_MS = 100, /* a handler may tell its progress more often than that */
};

struct answer answer_begin(const struct worker *w, const struct message *m, const char *id)
{
	const char *reply_to = m->reply_to;
	char start[TOPOLOGY_NAME_MAX];
	topology_reply(w->settings->connection.prefix, "", start);
	bool ours =
	    reply_to && strncmp(reply_to, start, strlen(start)) == 0 && strlen(reply_to) < 256;
	return (struct answer){.reply_to = ours ? reply_to : NULL,
	                       .correlation_id = m->correlation_id ? m->correlation_id : id,
	                       .id = id};
}

static void open_answer(struct answer *a, struct buf *b, const char *kind)
{
	buf_printf(b, "{\"id\":\"%s\",\"n\":%u,\"kind\":\"%s\"", a->id, ++a->number, kind);
}

static void add_text(struct buf *b, const char *name, struct span text)
{
	if (!text.at)
		return;
	buf_printf(b, ",\"%s\":", name);
	buf_append_json_string(b, text.at, text.len);
}

static void add_number(struct buf *b, const char *name, int64_t n)
{
	if (n >= 0)
		buf_printf(b, ",\"%s\":%lld", name, (long long)n);
}

/*
 * Says in the log when the broker refuses an answer. One that may not be published at all makes the
 * broker close the channel, and every other publish waits for the next channel. So no answer is
 * sent for a minute then.
 */
static void answer_ended(struct worker *w, struct publish_owner *owner, const struct link_event *e)
{
	(void)owner;
	char again[COMPLAINT_TEXT_SIZE];
	const char *why = e->error                   ? e->error->text
	                  : e->kind == LINK_TIMEDOUT ? "no confirm in time"
	                                             : "nacked";
	if (e->kind == LINK_CONFIRMED && complaint_over(&w->answers.complaint))
		log_info(LOG_SELF, "the broker accepts answers to waiting producers again");
	if (e->kind == LINK_CONFIRMED || e->kind == LINK_RETURNED)
		return;
	bool forbidden = e->error && (e->error->cause == CAUSE_NOT_ALLOWED ||
	                              e->error->cause == CAUSE_NO_EXCHANGE);
	int64_t now_ms = clock_monotonic_ms();
	if (forbidden)
		w->answers.silent_until_ms = now_ms + SILENCE_MS;
	if (complaint_due(&w->answers.complaint, why, now_ms, again))
		log_warn(LOG_SELF, "an answer to a waiting producer was refused: %s%s%s", why,
		         forbidden ? "; none is sent for a minute" : "", again);
}

static void send_answer(struct worker *w, const struct answer *a, struct buf *b)
{
	if (clock_monotonic_ms() < w->answers.silent_until_ms) {
		buf_finish(b);
		return;
	}
	buf_append_text(b, "}");
	struct outbound o =
	    outbound_answer(w->settings->connection.prefix, a->reply_to, a->correlation_id,
	                    xprintf("%s#%u", a->id, a->number), b);
	w->answers.owner.ended = answer_ended;
	publish_start(w, &w->answers.owner, &o, DEADLINE_MS);
}

void answer_log(struct worker *w, struct answer *a, struct span line)
{
	struct buf b = {0};
	if (!answer_wanted(a))
		return;
	open_answer(a, &b, "log");
	add_text(&b, "line", line);
	send_answer(w, a, &b);
}

void answer_progress(struct worker *w, struct answer *a, int percent, struct span note)
{
	struct buf b = {0};
	if (!answer_wanted(a))
		return;
	int64_t now_ms = clock_monotonic_ms();
	if (now_ms < a->progress_not_before_ms)
		return;
	a->progress_not_before_ms = now_ms + PROGRESS_MS;
	open_answer(a, &b, "progress");
	add_number(&b, "percent", percent);
	add_text(&b, "note", note);
	send_answer(w, a, &b);
}

void answer_retry(struct worker *w, struct answer *a, enum verdict v, const char *error,
                  int64_t delay_ms)
{
	struct buf b = {0};
	if (!answer_wanted(a))
		return;
	open_answer(a, &b, "retry");
	add_text(&b, "verdict", span_of(verdict_name(v)));
	add_text(&b, "error", span_of(error));
	add_number(&b, "again_in_ms", delay_ms);
	send_answer(w, a, &b);
}

/* A result that is JSON stays JSON. Any other bytes travel as base64. */
static void add_result(struct buf *b, const struct run_report *report)
{
	struct scan_value value;
	struct scan_error err;
	if (report->result.len == 0)
		return;
	if (!report->result_truncated && scan_text(report->result, &value, &err)) {
		buf_append_text(b, ",\"result\":");
		buf_append(b, value.text.at, value.text.len);
		return;
	}
	buf_append_text(b, ",\"result_b64\":\"");
	base64_encode(b, report->result);
	buf_append_text(b, "\"");
	if (report->result_truncated)
		buf_append_text(b, ",\"result_truncated\":true");
}

void answer_final(struct worker *w, struct answer *a, enum verdict v, const char *reason,
                  const char *error, const struct run_report *report, int64_t queued_ms)
{
	struct buf b = {0};
	if (!answer_wanted(a))
		return;
	open_answer(a, &b, "final");
	add_text(&b, "verdict", span_of(reason ? "dead" : verdict_name(v)));
	add_text(&b, "reason", span_of(reason));
	add_text(&b, "error", span_of(error && *error ? error : NULL));
	add_text(&b, "worker", span_of(w->settings->connection.name));
	add_number(&b, "queued_ms", queued_ms);
	if (report) {
		add_number(&b, "exit", report->exit_code);
		add_number(&b, "wall_ms", report->wall_ms);
		add_number(&b, "cpu_user_ms", report->cpu_user_ms);
		add_number(&b, "cpu_system_ms", report->cpu_system_ms);
		add_number(&b, "max_rss_kib", report->max_rss_kib);
		add_result(&b, report);
	}
	send_answer(w, a, &b);
}
