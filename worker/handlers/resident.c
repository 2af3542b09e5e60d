/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clean.h"
#include "common/base/list.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/handlers/environment.h"
#include "worker/guardian/guardian.h"
#include "worker/guardian/oom.h"
#include "worker/handlers/output.h"
#include "worker/handlers/pace.h"
#include "worker/handlers/private_tmp.h"
#include "worker/handlers/process_usage.h"
#include "worker/handlers/protocol.h"

enum {
	OUTPUT_GRACE_MS = 200, /* after its exit, for what it had written */
	EXIT_GRACE_MS = 500,
	RETIRE_MS = 10000, /* between the end of input and SIGKILL */
	READ_SIZE = 64 * 1024,
	LINE_SLACK = 64 * 1024, /* of a reply, beside its result */
	IN_FLIGHT_MAX = 1000,
};

/* A job in it. */
struct flight {
	struct list link; /* resident::flights */
	struct resident *resident;
	struct run *run;
	uint32_t id_hash;
	uint64_t started_ns; /* it is the first, or all run at once: when it began */
	bool alone;          /* no other was in flight meanwhile: what the process used was its */
	struct process_usage before;
};

/* Bytes under way to it. */
struct writing {
	uv_write_t request;
	struct buf bytes;
};

/*
 * Its end has three parts, in any order: its exit, the end of its output (or a grace after the
 * exit), and the end of what it leaves behind. The jobs in it are reported after the first two, it
 * is freed after all.
 */
struct resident {
	struct resident_spec spec;
	struct resident_events events;
	struct child *child; /* NULL: nothing more will be heard of it */
	uv_pipe_t in, out, log;
	uv_timer_t timer; /* one after the other: the retreat's limit, the grace for output */
	uv_timer_t rest;  /* runs while its replies are not read */
	struct list flights;
	unsigned in_flight, finished;
	unsigned capacity;       /* as it said */
	bool in_turn;            /* the first of the flights runs, the others wait in it */
	bool tells_usage;        /* its replies do */
	uint64_t first_since_ns; /* in_turn: when the first flight began */
	uint64_t first_since_ms; /* the same by the loop's clock, which costs nothing to look at */
	struct pace pace;        /* in_turn */
	struct buf line;         /* of a reply, not complete yet */
	struct buf unsent;       /* requests of this turn */
	struct output output;
	char subject_id[32];
	pid_t pid;
	bool for_memory; /* its SIGKILL was the kernel's */
	char *tmp;       /* its private folder, or NULL */
	bool retiring, killed, exited, out_ended, reported, gone;
	int status, start_errno, handles;
	char fault[256]; /* what it did wrong; "" */
	char chunk[READ_SIZE];
};

/* ---- the end ---- */

static void free_resident(uv_handle_t *handle)
{
	struct resident *r = handle->data;
	if (--r->handles > 0)
		return;
	private_tmp_remove(r->spec.handler->loop, r->tmp);
	handler_release(r->spec.handler);
	buf_finish(&r->line);
	buf_finish(&r->unsent);
	output_finish(&r->output);
	free(r);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, free_resident);
}

static void close_handles(struct resident *r)
{
	r->gone = true;
	close_handle((uv_handle_t *)&r->in);
	close_handle((uv_handle_t *)&r->out);
	close_handle((uv_handle_t *)&r->log);
	close_handle((uv_handle_t *)&r->timer);
	close_handle((uv_handle_t *)&r->rest);
}

static void describe_end(const struct resident *r, struct run_report *report)
{
	if (r->fault[0]) {
		snprintf(report->error, sizeof report->error, "its handler process was ended: %s",
		         r->fault);
		return;
	}
	if (r->exited && WIFSIGNALED(r->status)) {
		const char *name = sigabbrev_np(WTERMSIG(r->status));
		report->signal = WTERMSIG(r->status);
		if (r->for_memory)
			report->verdict = VERDICT_OOM;
		snprintf(report->error, sizeof report->error,
		         "its handler process was killed by %s%s%s", name ? "SIG" : "signal ",
		         name ? name : "?", r->for_memory ? " for want of memory" : "");
		return;
	}
	report->exit_code = r->exited ? WEXITSTATUS(r->status) : -1;
	snprintf(report->error, sizeof report->error,
	         "its handler process ended (exit %d) while it held the job", report->exit_code);
}

static struct run_report blank_report(const struct resident *r)
{
	return (struct run_report){.after_ms = -1,
	                           .exit_code = -1,
	                           .wall_ms = -1,
	                           .cpu_user_ms = -1,
	                           .cpu_system_ms = -1,
	                           .max_rss_kib = -1,
	                           .stderr_tail = output_tail(&r->output)};
}

static struct flight *first_flight(const struct resident *r)
{
	return list_item(r->flights.next, struct flight, link);
}

static void fill_end(const struct resident *r, const struct flight *f, struct run_report *report)
{
	const char *words = r->start_errno ? strerrordesc_np(r->start_errno) : NULL;
	report->verdict = VERDICT_CRASH;
	if (r->start_errno) {
		report->verdict = VERDICT_UNRUNNABLE;
		snprintf(report->error, sizeof report->error, "'%.200s' cannot be started: %s",
		         r->spec.program, words ? words : "unknown error");
	} else if (r->killed && !r->fault[0] && !f->run->stopped_why) {
		report->verdict = VERDICT_RETURNED; /* ended for another job's sake */
		snprintf(report->error, sizeof report->error,
		         "its handler process was ended because of another job's deadline");
	} else {
		describe_end(r, report);
	}
}

static struct run *take_run(struct flight *f)
{
	struct run *run = f->run;
	f->resident->in_flight--;
	list_remove(&f->link);
	free(f);
	run->state = NULL;
	return run;
}

static void end_flight(struct flight *f, struct run_report *report, uint64_t now_ns)
{
	report->wall_ms = (int64_t)(now_ns - f->started_ns) / 1000000;
	struct run *run = take_run(f);
	run->done(run, report);
}

/* Those that only lay in it have not begun. */
static void report_flights(struct resident *r)
{
	while (!list_empty(&r->flights)) {
		struct flight *f = first_flight(r);
		struct run_report report = blank_report(r);
		if (f->run->waiting) {
			r->events.unbegun(r->events.data, take_run(f));
			continue;
		}
		fill_end(r, f, &report);
		end_flight(f, &report, uv_hrtime());
	}
}

/* The jobs are told once exit and output are through; the rest of the tree is none of their
 * business. */
static void check_end(struct resident *r)
{
	bool over = r->start_errno || (r->exited && r->out_ended);
	if (over && !r->reported) {
		r->reported = true;
		output_end(&r->output);
		report_flights(r);
		if (r->child)
			child_kill_tree(r->child);
	}
	if (!r->reported || r->gone || r->child)
		return;
	r->events.ended(r->events.data, r, r->finished > 0, r->start_errno);
	close_handles(r);
}

void resident_close(struct resident *r)
{
	while (!list_empty(&r->flights))
		take_run(first_flight(r));
	if (r->child)
		child_abandon(steal_ptr(r->child));
	close_handles(r);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_out(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void read_on(struct resident *r)
{
	uv_timer_stop(&r->rest);
	if (!r->out_ended && !uv_is_closing((uv_handle_t *)&r->out))
		uv_read_start((uv_stream_t *)&r->out, on_alloc, on_out);
}

static void on_output_grace(uv_timer_t *timer)
{
	struct resident *r = timer->data;
	r->out_ended = true;
	check_end(r);
}

static void on_failed(void *data, int errnum)
{
	struct resident *r = data;
	r->child = NULL;
	r->start_errno = errnum ? errnum : EINVAL;
	check_end(r);
}

static void on_exited(void *data, const struct child_exit *exit)
{
	struct resident *r = data;
	r->exited = true;
	r->status = exit->status;
	r->for_memory = WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGKILL && !r->killed &&
	                (exit->for_memory || oom_happened());
	if (!exit->leftovers && !r->killed)
		r->child = NULL;
	read_on(r); /* what it had said counts */
	uv_timer_start(&r->timer, on_output_grace, OUTPUT_GRACE_MS, 0);
	check_end(r);
}

static void on_gone(void *data)
{
	struct resident *r = data;
	r->child = NULL;
	check_end(r);
}

static void on_started(void *data, pid_t pid)
{
	struct resident *r = data;
	r->pid = pid;
	snprintf(r->subject_id, sizeof r->subject_id, "pid %d", (int)pid);
}

static const struct child_events child_events = {
    .failed = on_failed, .exited = on_exited, .gone = on_gone, .started = on_started};

static void kill_it(struct resident *r)
{
	r->retiring = true;
	if (r->killed || !r->child)
		return;
	r->killed = true;
	child_kill_tree(r->child);
}

static void at_fault(struct resident *r, const char *what, struct span line)
{
	char shown[100];
	if (r->fault[0])
		return;
	clean_copy(shown, sizeof shown, line);
	snprintf(r->fault, sizeof r->fault, "%s%s%s", what, *shown ? ": " : "", shown);
	log_error((struct log_subject){r->spec.handler->settings->type, r->subject_id},
	          "the handler process is ended: %s", r->fault);
	kill_it(r);
}

/* ---- replies ---- */

static uint32_t hash_of(const char *id)
{
	uint32_t h = 0x811c9dc5; /* FNV-1a */
	while (*id)
		h = (h ^ (unsigned char)*id++) * 0x01000193;
	return h;
}

static void note_first(struct resident *r, uint64_t now_ns)
{
	r->first_since_ns = now_ns;
	r->first_since_ms = uv_now(r->spec.handler->loop);
}

static struct flight *find_flight(const struct resident *r, const char *id)
{
	struct list *pos;
	uint32_t hash = hash_of(id);
	for (pos = r->flights.next; pos != &r->flights; pos = pos->next) {
		struct flight *f = list_item(pos, struct flight, link);
		if (f->id_hash == hash && strcmp(f->run->request.job->id, id) == 0)
			return f;
	}
	return NULL;
}

static void fill_usage(const struct flight *f, const struct reply *reply, struct run_report *report)
{
	struct process_usage now;
	f->resident->tells_usage = reply->cpu_user_us >= 0 || reply->cpu_system_us >= 0;
	if (f->resident->tells_usage) {
		report->cpu_user_ms = reply->cpu_user_us / 1000;
		report->cpu_system_ms = reply->cpu_system_us / 1000;
		report->max_rss_kib = reply->max_rss_kib;
	} else if (f->alone && process_usage_read(f->resident->pid, &now)) {
		report->cpu_user_ms = now.cpu_user_ms - f->before.cpu_user_ms;
		report->cpu_system_ms = now.cpu_system_ms - f->before.cpu_system_ms;
		report->max_rss_kib = now.rss_kib;
	}
}

static void recycle_if_due(struct resident *r)
{
	const struct handler_settings *s = r->spec.handler->settings;
	struct process_usage now;
	if (s->recycle_jobs > 0 && (int64_t)r->finished >= s->recycle_jobs)
		resident_retire(r);
	else if (s->recycle_memory > 0 && process_usage_read(r->pid, &now) &&
	         now.rss_kib > s->recycle_memory / 1024)
		resident_retire(r);
}

/* The one that is the first now has begun. */
static void begin_next(struct resident *r, uint64_t now_ns)
{
	note_first(r, now_ns);
	if (list_empty(&r->flights))
		return;
	struct flight *f = first_flight(r);
	f->started_ns = now_ns;
	f->run->waiting = false;
	if (f->run->began)
		f->run->began(f->run);
}

static void finish_flight(struct flight *f, const struct reply *reply)
{
	static const enum verdict verdicts[] = {[REPLY_OK] = VERDICT_OK,
	                                        [REPLY_RETRY] = VERDICT_RETRY,
	                                        [REPLY_SNOOZE] = VERDICT_SNOOZE,
	                                        [REPLY_DEAD] = VERDICT_DEAD};
	struct resident *r = f->resident;
	struct run_report report = blank_report(r);
	size_t max = (size_t)r->spec.handler->worker->result_max;
	report.verdict = verdicts[reply->kind];
	report.after_ms = reply->after_ms;
	report.result =
	    (struct span){reply->result.at, reply->result.len < max ? reply->result.len : max};
	report.result_truncated = reply->result.len > max;
	clean_copy(report.error, sizeof report.error,
	           (struct span){reply->text.data, reply->text.len});
	report.error[strcspn(report.error, "\r\n")] = 0;
	fill_usage(f, reply, &report);
	r->finished++;
	uint64_t now_ns = uv_hrtime();
	bool was_first = first_flight(r) == f;
	end_flight(f, &report, now_ns);
	if (r->in_turn && was_first)
		begin_next(r, now_ns);
	recycle_if_due(r);
	if (r->retiring && r->in_flight == 0)
		resident_retire(r);
	r->events.room(r->events.data);
}

static void take_reply(struct resident *r, const struct reply *reply, struct span line)
{
	if (reply->kind == REPLY_READY) {
		r->capacity =
		    reply->number > IN_FLIGHT_MAX ? IN_FLIGHT_MAX : (unsigned)reply->number;
		r->in_turn =
		    r->in_turn || reply->in_turn; /* for good: jobs may be waiting for their turn */
		note_first(r, uv_hrtime()); /* that it had to start is no work of the job that it
		                               was started for */
		r->events.room(r->events.data);
		return;
	}
	struct flight *f = find_flight(r, reply->id);
	if (!f) {
		at_fault(r, "a reply for a job that it does not hold", line);
		return;
	}
	if (reply->kind != REPLY_PROGRESS)
		finish_flight(f, reply);
	else if (f->run->progress)
		f->run->progress(f->run, reply->number > 100 ? 100 : (int)reply->number,
		                 (struct span){reply->text.data, reply->text.len});
}

static void take_line(struct resident *r, struct span line)
{
	struct reply reply;
	const char *why;
	if (r->fault[0])
		return;
	if (protocol_read(line, &reply, &why)) {
		take_reply(r, &reply, line);
	} else {
		char what[128];
		snprintf(what, sizeof what, "a line that is no reply (%s)", why);
		at_fault(r, what, line);
	}
	protocol_reply_finish(&reply);
}

/* Whole lines are read where they lie; only what is left is kept. */
static void take_bytes(struct resident *r, const char *data, size_t len)
{
	size_t max = (size_t)r->spec.handler->worker->result_max * 6 + LINE_SLACK;
	while (len > 0 && !r->fault[0]) {
		const char *end = memchr(data, '\n', len);
		size_t part = end ? (size_t)(end - data) : len;
		if (r->line.len + part > max) {
			at_fault(r, "a reply that is too long", (struct span){0});
			return;
		}
		if (!end || r->line.len > 0)
			buf_append(&r->line, data, part);
		if (!end)
			return;
		take_line(r, r->line.len > 0 ? (struct span){r->line.data, r->line.len}
		                             : (struct span){data, part});
		buf_clear(&r->line);
		data = end + 1;
		len -= part + 1;
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct resident *r = handle->data;
	(void)suggested;
	*buf = uv_buf_init(r->chunk, sizeof r->chunk);
}

static void on_closed_output(uv_timer_t *timer)
{
	at_fault(timer->data, "it closed its output", (struct span){0});
}

static void on_rested(uv_timer_t *timer)
{
	read_on(timer->data);
}

/* Those who run several jobs at once have room again with each reply: theirs do not lie. */
static void rest_if_busy(struct resident *r)
{
	if (!r->in_turn || r->exited || !pace_may_rest(&r->pace, r->in_flight))
		return;
	uv_read_stop((uv_stream_t *)&r->out);
	uv_timer_start(&r->rest, on_rested, PACE_REST_MS, 0);
}

static void read_replies(struct resident *r, const char *data, size_t len)
{
	unsigned finished = r->finished;
	uint64_t since_ns = r->first_since_ns;
	take_bytes(r, data, len);
	pace_heard(&r->pace, r->finished - finished, len, uv_hrtime() - since_ns);
	rest_if_busy(r);
}

static void on_out(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct resident *r = stream->data;
	if (n > 0)
		read_replies(r, buf->base, (size_t)n);
	if (n >= 0)
		return;
	uv_read_stop(stream);
	r->out_ended = true;
	/* The end of output may come before the exit that it belongs to, which says more. */
	if (!r->exited && !r->retiring)
		uv_timer_start(&r->timer, on_closed_output, EXIT_GRACE_MS, 0);
	check_end(r);
}

static void on_log(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct resident *r = stream->data;
	if (n > 0)
		output_add_stderr(&r->output, buf->base, (size_t)n);
	else if (n < 0)
		uv_read_stop(stream);
}

/* ---- requests ---- */

static void on_written(uv_write_t *request, int status)
{
	struct writing *w = request->data;
	(void)status; /* a broken pipe is told by its exit */
	buf_finish(&w->bytes);
	free(w);
}

void resident_flush(struct resident *r)
{
	if (r->unsent.len == 0 || uv_is_closing((uv_handle_t *)&r->in))
		return;
	uv_buf_t b = uv_buf_init(r->unsent.data, (unsigned)r->unsent.len);
	int n = uv_try_write((uv_stream_t *)&r->in, &b, 1);
	if (n == (int)r->unsent.len || (n < 0 && n != UV_EAGAIN)) {
		buf_clear(&r->unsent);
		return;
	}
	struct writing *w = xcalloc(1, sizeof *w);
	size_t written = n > 0 ? (size_t)n : 0;
	buf_append(&w->bytes, r->unsent.data + written, r->unsent.len - written);
	buf_clear(&r->unsent);
	w->request.data = w;
	b = uv_buf_init(w->bytes.data, (unsigned)w->bytes.len);
	if (uv_write(&w->request, (uv_stream_t *)&r->in, &b, 1, on_written) < 0)
		on_written(&w->request, -1);
}

static unsigned room_for(const struct resident *r)
{
	if (!r->in_turn)
		return r->capacity;
	if (r->in_flight > 0 && uv_now(r->spec.handler->loop) - r->first_since_ms > PACE_AHEAD_MS)
		return 1; /* the one that runs is a long one: nothing more behind it */
	unsigned ahead = pace_jobs_ahead(&r->pace);
	return ahead < r->capacity ? ahead : r->capacity;
}

/* With recycle_jobs no more are written to it than it is to run. */
static bool is_used_up(const struct resident *r)
{
	int64_t most = r->spec.handler->settings->recycle_jobs;
	return most > 0 && (int64_t)r->finished + r->in_flight >= most;
}

bool resident_has_room(const struct resident *r)
{
	return !r->retiring && !r->exited && !r->start_errno && !is_used_up(r) &&
	       r->in_flight < room_for(r);
}

bool resident_takes(const struct resident *r, const char *id)
{
	return resident_has_room(r) &&
	       (r->in_turn || !find_flight(r, id)); /* in turn: the first one is meant */
}

unsigned resident_in_flight(const struct resident *r)
{
	return r->in_flight;
}

void resident_run(struct resident *r, struct run *run)
{
	struct flight *f = xcalloc(1, sizeof *f);
	*f = (struct flight){.resident = r,
	                     .run = run,
	                     .id_hash = hash_of(run->request.job->id),
	                     .started_ns = uv_hrtime(),
	                     .alone = r->in_flight == 0};
	bool had_waited = run->waiting;
	run->waiting = r->in_turn && !f->alone;
	if (r->in_turn && f->alone)
		note_first(r, f->started_ns);
	if (had_waited && !run->waiting && run->began)
		run->began(run);
	if (r->tells_usage)
		f->alone = false; /* nobody asks */
	else if (!f->alone)
		for (struct list *pos = r->flights.next; pos != &r->flights; pos = pos->next)
			list_item(pos, struct flight, link)->alone = false;
	else if (r->pid > 0 && !process_usage_read(r->pid, &f->before))
		f->alone = false;
	list_append(&r->flights, &f->link);
	r->in_flight++;
	run->state = f;
	protocol_write_request(&r->unsent, &run->request);
}

static void on_retire_limit(uv_timer_t *timer)
{
	kill_it(timer->data);
}

void resident_retire(struct resident *r)
{
	r->retiring = true;
	if (r->in_flight > 0 || r->exited || r->killed || uv_is_closing((uv_handle_t *)&r->in))
		return;
	resident_flush(r);
	close_handle((uv_handle_t *)&r->in);
	uv_timer_start(&r->timer, on_retire_limit, RETIRE_MS, 0);
}

void resident_stop(struct run *run, enum run_stop how)
{
	struct flight *f = run->state;
	if (!f)
		return;
	if (how == RUN_STOP_KILL) {
		kill_it(f->resident);
		return;
	}
	protocol_write_cancel(&f->resident->unsent, run->request.job->id,
	                      run->stopped_why ? run->stopped_why : "stop");
}

/* ---- starting ---- */

static int open_descriptors(struct resident *r, int fds[SPAWN_FDS_MAX])
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, log[2] = {-1, -1},
	    nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (nothing < 0 || pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    pipe2(log, O_CLOEXEC) < 0) {
		int errnum = errno;
		int *all[] = {&in[0], &in[1], &out[0], &out[1], &log[0], &log[1], &nothing};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			close_fd(all[i]);
		return errnum;
	}
	uv_pipe_open(&r->in, in[1]);
	uv_pipe_open(&r->out, out[0]);
	uv_pipe_open(&r->log, log[0]);
	if (r->spec.stdio) {
		close_fd(&nothing);
		memcpy(fds, (int[]){in[0], out[1], log[1], -1, -1}, SPAWN_FDS_MAX * sizeof *fds);
	} else {
		int log_too = fcntl(log[1], F_DUPFD_CLOEXEC, 0);
		memcpy(fds, (int[]){nothing, log_too, log[1], in[0], out[1]},
		       SPAWN_FDS_MAX * sizeof *fds);
	}
	return 0;
}

/* With several jobs in it nobody knows whose line it is. */
static void on_line(void *data, struct span line)
{
	const struct resident *r = data;
	struct flight *f =
	    r->in_flight == 1 ? list_item(r->flights.next, struct flight, link) : NULL;
	if (f && f->run->log)
		f->run->log(f->run, line);
}

static void on_no_start(uv_timer_t *timer)
{
	check_end(timer->data);
}

struct resident *resident_create(const struct resident_spec *spec,
                                 const struct resident_events *events)
{
	struct resident *r = xcalloc(1, sizeof *r);
	uv_loop_t *loop = spec->handler->loop;
	r->spec = *spec;
	r->events = *events;
	handler_hold(spec->handler);
	r->capacity = 1;
	list_init(&r->flights);
	snprintf(r->subject_id, sizeof r->subject_id, "starting");
	output_init(&r->output, 0, spec->handler->worker->log_output,
	            (struct log_subject){spec->handler->settings->type, r->subject_id});
	r->output.on_line = on_line;
	r->output.data = r;
	uv_pipe_init(loop, &r->in, 0);
	uv_pipe_init(loop, &r->out, 0);
	uv_pipe_init(loop, &r->log, 0);
	uv_timer_init(loop, &r->timer);
	uv_timer_init(loop, &r->rest);
	r->in.data = r->out.data = r->log.data = r->timer.data = r->rest.data = r;
	r->handles = 5;
	struct spawn s = {.program = spec->program,
	                  .arguments = spec->words,
	                  .limits = spec->limits,
	                  .fds = {-1, -1, -1, -1, -1}};
	if (spec->handler->settings->private_tmp && !(r->tmp = private_tmp_make(spec->limits)))
		r->start_errno = errno;
	else
		r->start_errno = open_descriptors(r, s.fds);
	if (r->start_errno) {
		uv_timer_start(&r->timer, on_no_start, 0, 0);
		return r;
	}
	char token[ENVIRONMENT_TOKEN_SIZE];
	environment_make_token(token);
	const struct environment_more more = {.names = spec->handler->settings->environment,
	                                      .tmp = r->tmp};
	char **environment = environment_of_resident(token, &more);
	s.environment = environment;
	s.token = token;
	uv_read_start((uv_stream_t *)&r->out, on_alloc, on_out);
	uv_read_start((uv_stream_t *)&r->log, on_alloc, on_log);
	r->child = guardian_spawn(spec->handler->guardian, &s, &child_events, r);
	environment_free(environment);
	return r;
}
