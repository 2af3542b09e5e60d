/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/conversation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clean.h"
#include "common/base/memory.h"
#include "worker/handlers/output.h"

enum { LINE_SLACK = 64 * 1024 /* of a reply, beside its result */ };

/* Bytes under way to the process. */
struct writing {
	uv_write_t request;
	struct buf bytes;
};

void conversation_init(struct conversation *c, const struct handler *h, const struct output *errors,
                       const struct conversation_events *events)
{
	*c = (struct conversation){.handler = h, .errors = errors, .events = events};
	flights_init(&c->flights, h->loop);
}

void conversation_finish(struct conversation *c)
{
	buf_finish(&c->line);
	buf_finish(&c->unsent);
}

void conversation_break(struct conversation *c, const char *what, struct span line)
{
	if (c->broken)
		return;
	c->broken = true;
	c->events->fault(c, what, line);
}

/* ---- replies ---- */

static void finish_flight(struct conversation *c, struct flight *f, const struct reply *reply)
{
	static const enum verdict verdicts[] = {[REPLY_OK] = VERDICT_OK,
	                                        [REPLY_RETRY] = VERDICT_RETRY,
	                                        [REPLY_SNOOZE] = VERDICT_SNOOZE,
	                                        [REPLY_DEAD] = VERDICT_DEAD};
	struct run_report report = run_report_blank;
	size_t max = (size_t)c->handler->worker->result_max;
	report.verdict = verdicts[reply->kind];
	report.after_ms = reply->after_ms;
	report.result =
	    (struct span){reply->result.at, reply->result.len < max ? reply->result.len : max};
	report.result_truncated = reply->result.len > max;
	report.stderr_tail = output_tail(c->errors);
	clean_copy(report.error, sizeof report.error,
	           (struct span){reply->text.data, reply->text.len});
	report.error[strcspn(report.error, "\r\n")] = 0;
	flights_finish(f, reply, c->pid, &report);
	c->events->room(c);
}

static void take_reply(struct conversation *c, const struct reply *reply, struct span line)
{
	if (reply->kind == REPLY_READY) {
		flights_ready(&c->flights, reply->number, reply->in_turn);
		c->events->room(c);
		return;
	}
	struct flight *f = flights_find(&c->flights, reply->id);
	if (!f)
		conversation_break(c, "it wrote a reply for a job that it does not hold", line);
	else if (reply->kind != REPLY_PROGRESS)
		finish_flight(c, f, reply);
	else if (f->run->progress)
		f->run->progress(f->run, reply->number > 100 ? 100 : (int)reply->number,
		                 (struct span){reply->text.data, reply->text.len});
}

static void take_line(struct conversation *c, struct span line)
{
	struct reply reply;
	const char *why;
	if (protocol_read(line, &reply, &why)) {
		take_reply(c, &reply, line);
	} else {
		char what[128];
		snprintf(what, sizeof what, "it wrote a line that is not a valid reply (%s)", why);
		conversation_break(c, what, line);
	}
	protocol_reply_finish(&reply);
}

/* Whole lines are read where they are. Only what is left is kept. */
static void take_bytes(struct conversation *c, const char *data, size_t len)
{
	size_t max = (size_t)c->handler->worker->result_max * 6 + LINE_SLACK;
	while (len > 0 && !c->broken) {
		const char *end = memchr(data, '\n', len);
		size_t part = end ? (size_t)(end - data) : len;
		if (c->line.len + part > max) {
			conversation_break(c, "it wrote a reply that is too long",
			                   (struct span){0});
			return;
		}
		if (!end || c->line.len > 0)
			buf_append(&c->line, data, part);
		if (!end)
			return;
		take_line(c, c->line.len > 0 ? (struct span){c->line.data, c->line.len}
		                             : (struct span){data, part});
		buf_clear(&c->line);
		data = end + 1;
		len -= part + 1;
	}
}

void conversation_hear(struct conversation *c, const char *data, size_t len)
{
	unsigned finished = c->flights.finished;
	uint64_t since_ns = c->flights.first_since_ns;
	take_bytes(c, data, len);
	flights_heard(&c->flights, finished, len, since_ns);
}

/* ---- requests ---- */

void conversation_ask(struct conversation *c, struct run *run)
{
	flights_add(&c->flights, run, c->pid);
	protocol_write_request(&c->unsent, &run->request);
}

void conversation_cancel(struct conversation *c, const struct run *run)
{
	protocol_write_cancel(&c->unsent, run->request.job->id,
	                      run->stopped_why ? run->stopped_why : "stop");
}

static void on_written(uv_write_t *request, int status)
{
	struct writing *w = request->data;
	(void)status; /* a broken pipe is told by the exit */
	buf_finish(&w->bytes);
	free(w);
}

/* Leaves the rest of what is unsent to libuv, because the pipe is full. */
static void write_later(struct conversation *c, uv_pipe_t *to, size_t written)
{
	struct writing *w = xcalloc(1, sizeof *w);
	buf_append(&w->bytes, c->unsent.data + written, c->unsent.len - written);
	w->request.data = w;
	uv_buf_t b = uv_buf_init(w->bytes.data, (unsigned)w->bytes.len);
	if (uv_write(&w->request, (uv_stream_t *)to, &b, 1, on_written) < 0)
		on_written(&w->request, -1);
}

void conversation_flush(struct conversation *c, uv_pipe_t *to)
{
	if (c->unsent.len == 0 || uv_is_closing((uv_handle_t *)to))
		return;
	uv_buf_t b = uv_buf_init(c->unsent.data, (unsigned)c->unsent.len);
	int n = uv_try_write((uv_stream_t *)to, &b, 1);
	if (n == UV_EAGAIN || (n >= 0 && n < (int)c->unsent.len))
		write_later(c, to, n > 0 ? (size_t)n : 0);
	buf_clear(&c->unsent);
}
