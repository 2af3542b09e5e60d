/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/signal_name.h"
#include "common/base/clean.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/handlers/conversation.h"
#include "worker/handlers/environment.h"
#include "worker/handlers/output.h"
#include "worker/handlers/process_usage.h"
#include "worker/handlers/spawned.h"

enum {
	EXIT_GRACE_MS = 500, /* between the end of its output and its exit */
	RETIRE_MS = 10000,   /* between the end of input and SIGKILL */
};

/*
 * The jobs in it are reported when the process has ended with its output. It is freed when nothing
 * is left of its tree.
 */
struct resident {
	struct resident_spec spec;
	struct resident_events events;
	struct spawned process;
	uv_pipe_t in;
	uv_timer_t
	    limit; /* for its end after a retreat, or for its exit after the end of its output */
	uv_timer_t read_delay; /* runs while its replies are not read */
	struct conversation talk;
	struct output output;
	char subject_id[32];
	bool retiring;
	int handles;     /* handles that are still open, the process included; freed at 0 */
	char fault[256]; /* what it did wrong, or "" */
};

/* ---- the end ---- */

static void let_go(struct resident *r)
{
	if (--r->handles > 0)
		return;
	conversation_finish(&r->talk);
	output_finish(&r->output);
	free(r);
}

static void on_closed(uv_handle_t *handle)
{
	let_go(handle->data);
}

static void on_process_closed(struct spawned *s)
{
	let_go(s->owner);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void close_handles(struct resident *r)
{
	spawned_close(&r->process);
	close_handle((uv_handle_t *)&r->in);
	close_handle((uv_handle_t *)&r->limit);
	close_handle((uv_handle_t *)&r->read_delay);
}

static void describe_end(const struct resident *r, struct run_report *report)
{
	const struct spawned *s = &r->process;
	char name[SIGNAL_NAME_SIZE];
	if (r->fault[0]) {
		snprintf(report->error, sizeof report->error, "its handler process was ended: %s",
		         r->fault);
		return;
	}
	if (WIFSIGNALED(s->exit.status)) {
		report->signal = WTERMSIG(s->exit.status);
		if (s->for_memory)
			report->verdict = VERDICT_OOM;
		snprintf(
		    report->error, sizeof report->error, "its handler process was killed by %s%s",
		    signal_name(report->signal, name), s->for_memory ? " for want of memory" : "");
		return;
	}
	report->exit_code = WEXITSTATUS(s->exit.status);
	snprintf(report->error, sizeof report->error,
	         "its handler process ended (exit %d) while it held the job", report->exit_code);
}

static void fill_end(const struct resident *r, const struct flight *f, struct run_report *report)
{
	int errnum = r->process.start_errno;
	const char *words = errnum ? strerrordesc_np(errnum) : NULL;
	report->verdict = VERDICT_CRASH;
	if (errnum) {
		report->verdict = VERDICT_UNRUNNABLE;
		snprintf(report->error, sizeof report->error, "'%.200s' cannot be started: %s",
		         r->spec.program, words ? words : "unknown error");
	} else if (r->process.kill_asked && !r->fault[0] && !f->run->stopped_why) {
		report->verdict = VERDICT_RETURNED; /* ended for another job's sake */
		snprintf(report->error, sizeof report->error,
		         "its handler process was ended because of another job's deadline");
	} else {
		describe_end(r, report);
	}
}

/* Reports the jobs that had begun. The others are given to another process. */
static void on_end(struct spawned *s)
{
	struct resident *r = s->owner;
	struct flight *f;
	output_end(&r->output);
	while ((f = flights_first(&r->talk.flights))) {
		struct run_report report = run_report_blank;
		if (f->run->waiting) {
			r->events.unbegun(r->events.data, flights_take(f));
			continue;
		}
		report.stderr_tail = output_tail(&r->output);
		fill_end(r, f, &report);
		flights_end(f, &report);
	}
}

static void on_gone(struct spawned *s)
{
	struct resident *r = s->owner;
	r->events.ended(r->events.data, r, r->talk.flights.finished > 0, s->start_errno);
	close_handles(r);
}

void resident_close(struct resident *r)
{
	struct flight *f;
	while ((f = flights_first(&r->talk.flights)))
		flights_take(f);
	close_handles(r);
}

static void on_started(struct spawned *s)
{
	struct resident *r = s->owner;
	r->talk.pid = s->pid;
	snprintf(r->subject_id, sizeof r->subject_id, "pid %d", (int)s->pid);
}

static void kill_it(struct resident *r)
{
	r->retiring = true;
	spawned_kill(&r->process);
}

static void on_fault(struct conversation *c, const char *what, struct span line)
{
	struct resident *r = list_item(c, struct resident, talk);
	char shown[100];
	clean_copy(shown, sizeof shown, line);
	snprintf(r->fault, sizeof r->fault, "%s%s%s", what, *shown ? ": " : "", shown);
	log_error((struct log_subject){r->spec.handler->settings->type, r->subject_id},
	          "the handler process is ended: %s", r->fault);
	kill_it(r);
}

/* ---- what it says ---- */

static void recycle_if_due(struct resident *r)
{
	const struct handler_settings *s = r->spec.handler->settings;
	struct process_usage now;
	if (r->talk.flights.finished == 0)
		return;
	if (s->recycle_jobs > 0 && (int64_t)r->talk.flights.finished >= s->recycle_jobs)
		resident_retire(r);
	else if (s->recycle_memory > 0 && process_usage_read(r->process.pid, &now) &&
	         now.rss_kib > s->recycle_memory / 1024)
		resident_retire(r);
}

static void on_room(struct conversation *c)
{
	struct resident *r = list_item(c, struct resident, talk);
	recycle_if_due(r);
	if (r->retiring && c->flights.count == 0)
		resident_retire(r);
	r->events.room(r->events.data);
}

static const struct conversation_events talk_events = {.fault = on_fault, .room = on_room};

static void on_closed_output(uv_timer_t *timer)
{
	struct resident *r = timer->data;
	conversation_break(&r->talk, "it closed its output", (struct span){0});
}

static void on_delay_over(uv_timer_t *timer)
{
	struct resident *r = timer->data;
	spawned_read(&r->process);
}

static void on_output(struct spawned *s, const char *data, size_t len)
{
	struct resident *r = s->owner;
	conversation_hear(&r->talk, data, len);
	if (s->exited || !flights_may_delay(&r->talk.flights))
		return;
	spawned_pause_reading(s);
	uv_timer_start(&r->read_delay, on_delay_over, PACE_DELAY_MS, 0);
}

/* The end of output may come before the exit, which says more. So it is not a fault at once. */
static void on_output_ended(struct spawned *s)
{
	struct resident *r = s->owner;
	if (!s->exited && !r->retiring)
		uv_timer_start(&r->limit, on_closed_output, EXIT_GRACE_MS, 0);
}

static void on_errors(struct spawned *s, const char *data, size_t len)
{
	struct resident *r = s->owner;
	output_add_stderr(&r->output, data, len);
}

static void on_exited(struct spawned *s)
{
	struct resident *r = s->owner;
	uv_timer_stop(&r->read_delay);
	uv_timer_stop(&r->limit);
}

static const struct spawned_events process_events = {.started = on_started,
                                                     .output = on_output,
                                                     .errors = on_errors,
                                                     .output_ended = on_output_ended,
                                                     .exited = on_exited,
                                                     .ended = on_end,
                                                     .gone = on_gone,
                                                     .closed = on_process_closed};

/* ---- requests ---- */

void resident_flush(struct resident *r)
{
	conversation_flush(&r->talk, &r->in);
}

/* Returns true when r holds as many jobs as it is to run by recycle_jobs. */
static bool is_used_up(const struct resident *r)
{
	int64_t most = r->spec.handler->settings->recycle_jobs;
	return most > 0 && (int64_t)r->talk.flights.finished + r->talk.flights.count >= most;
}

bool resident_has_room(const struct resident *r)
{
	const struct spawned *s = &r->process;
	return !r->retiring && !s->exited && !s->start_errno && !is_used_up(r) &&
	       r->talk.flights.count < flights_room(&r->talk.flights);
}

bool resident_takes(const struct resident *r, const char *id)
{
	return resident_has_room(r) &&
	       (r->talk.flights.in_turn || /* then a reply means the first */
	        !flights_find(&r->talk.flights, id));
}

unsigned resident_in_flight(const struct resident *r)
{
	return r->talk.flights.count;
}

void resident_run(struct resident *r, struct run *run)
{
	conversation_ask(&r->talk, run);
}

static void on_retire_limit(uv_timer_t *timer)
{
	kill_it(timer->data);
}

void resident_retire(struct resident *r)
{
	r->retiring = true;
	if (r->talk.flights.count > 0 || r->process.exited || r->process.kill_asked ||
	    uv_is_closing((uv_handle_t *)&r->in))
		return;
	resident_flush(r);
	close_handle((uv_handle_t *)&r->in);
	uv_timer_start(&r->limit, on_retire_limit, RETIRE_MS, 0);
}

void resident_stop(struct run *run, enum run_stop how)
{
	struct flight *f = run->state;
	if (!f)
		return;
	struct resident *r = list_item(f->flights, struct resident, talk.flights);
	if (how == RUN_STOP_KILL)
		kill_it(r);
	else
		conversation_cancel(&r->talk, run);
}

/* ---- starting ---- */

/* Returns the descriptor, or -1 with *errnum. */
static int made(int fd, int *errnum)
{
	if (fd < 0 && !*errnum)
		*errnum = errno;
	return fd;
}

/* Returns the process's end of the pipe by which it gets requests, or -1 with *errnum. */
static int open_requests(struct resident *r, int *errnum)
{
	int in[2];
	if (made(pipe2(in, O_CLOEXEC), errnum) < 0)
		return -1;
	uv_pipe_open(&r->in, in[1]);
	return in[0];
}

/* Fills in the descriptors of the process. Returns 0 or an errno. */
static int open_descriptors(struct resident *r, int fds[SPAWN_FDS_MAX])
{
	const struct spawned *s = &r->process;
	int errnum = 0;
	int in = open_requests(r, &errnum);
	if (r->spec.stdio) {
		memcpy(fds, (int[]){in, s->out_fd, s->err_fd, -1, -1}, SPAWN_FDS_MAX * sizeof *fds);
		return errnum;
	}
	int nothing = made(open("/dev/null", O_RDONLY | O_CLOEXEC), &errnum);
	int log_too = made(fcntl(s->err_fd, F_DUPFD_CLOEXEC, 0), &errnum);
	memcpy(fds, (int[]){nothing, log_too, s->err_fd, in, s->out_fd},
	       SPAWN_FDS_MAX * sizeof *fds);
	return errnum;
}

/* Passes the line on only if there is one job, because otherwise nobody knows whose line it is. */
static void on_line(void *data, struct span line)
{
	const struct resident *r = data;
	struct flight *f = r->talk.flights.count == 1 ? flights_first(&r->talk.flights) : NULL;
	if (f && f->run->log)
		f->run->log(f->run, line);
}

static void start(struct resident *r)
{
	struct spawn s = {.program = r->spec.program,
	                  .arguments = r->spec.words,
	                  .limits = r->spec.limits,
	                  .fds = {-1, -1, -1, -1, -1}};
	char token[ENVIRONMENT_TOKEN_SIZE];
	environment_make_token(token);
	const struct environment_more more = {.names = r->spec.handler->settings->environment,
	                                      .tmp = r->process.tmp};
	char **environment = environment_of_resident(token, &more);
	s.environment = environment;
	s.token = token;
	int errnum = r->process.start_errno ? 0 : open_descriptors(r, s.fds);
	spawned_start(&r->process, &s, errnum);
	environment_free(environment);
}

struct resident *resident_create(const struct resident_spec *spec,
                                 const struct resident_events *events)
{
	struct resident *r = xcalloc(1, sizeof *r);
	uv_loop_t *loop = spec->handler->loop;
	r->spec = *spec;
	r->events = *events;
	conversation_init(&r->talk, spec->handler, &r->output, &talk_events);
	snprintf(r->subject_id, sizeof r->subject_id, "starting");
	output_init(&r->output, 0, spec->handler->worker->log_output,
	            (struct log_subject){spec->handler->settings->type, r->subject_id});
	r->output.on_line = on_line;
	r->output.data = r;
	uv_pipe_init(loop, &r->in, 0);
	uv_timer_init(loop, &r->limit);
	uv_timer_init(loop, &r->read_delay);
	r->in.data = r->limit.data = r->read_delay.data = r;
	r->handles = 4;
	spawned_init(&r->process, spec->handler, spec->limits, &process_events, r);
	start(r);
	return r;
}
