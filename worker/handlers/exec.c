/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clean.h"
#include "common/base/list.h"
#include "common/base/memory.h"
#include "worker/guardian/confine.h"
#include "worker/handlers/environment.h"
#include "worker/guardian/guardian.h"
#include "worker/guardian/oom.h"
#include "worker/handlers/output.h"
#include "worker/handlers/private_tmp.h"
#include "worker/handlers/program.h"
#include "worker/handlers/words.h"

enum {
	OUTPUT_GRACE_MS = 200, /* a daemon may hold the pipes for ever; a try that has exited waits
	                          no longer than this */
	GONE_MS = 2000,
	READ_SIZE = 64 * 1024,
	WORDS_SIZE = 301, /* of its last line in the error */
};

struct exec_handler {
	char **words;
	char *program;
	struct spawn_limits limits;
	struct list runs;      /* exec_run::link: not reported yet */
	char chunk[READ_SIZE]; /* all pipes of the handler read into it: a read is used up before
	                          the next */
};

/*
 * A try ends when its root has exited AND its output has ended; either may come first. "Output has
 * ended" is the end of both pipes, or a short grace after the exit. Then what is left of its tree
 * is killed, then done() is called.
 */
struct exec_run {
	struct list link; /* exec_handler::runs */
	struct handler *handler;
	struct run *run;
	struct child
	    *child; /* NULL before the spawn and when the guardian has nothing more to say */
	uv_pipe_t out, err;
	uv_timer_t
	    timer; /* one after the other: the grace for the output, the wait for the tree's end */
	struct output output;
	int pipes_open;
	bool exited, reported, kill_asked;
	struct child_exit exit;
	int64_t started_ms;
	int start_errno; /* it could not be started */
	char *tmp;       /* its private folder, or NULL */
	int handles;     /* libuv handles that are not closed yet */
};

/* ---- the command ---- */

static void exec_free(struct handler *h)
{
	struct exec_handler *x = h->state;
	words_free(x->words);
	free(x->program);
	free(x);
}

static int exec_open(struct handler *h, const char *rest, struct error *err)
{
	struct exec_handler *x = xcalloc(1, sizeof *x);
	h->state = x;
	list_init(&x->runs);
	if (program_find(rest, &x->program, &x->words, err) == 0 &&
	    confine_read(h->settings, x->program, &x->limits, err) == 0)
		return 0;
	exec_free(h);
	return -1;
}

/* ---- the end of a try ---- */

static void on_handle_closed(uv_handle_t *handle)
{
	struct exec_run *x = handle->data;
	if (--x->handles > 0)
		return;
	private_tmp_remove(x->handler->loop, x->tmp);
	handler_release(x->handler);
	output_finish(&x->output);
	free(x);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_handle_closed);
}

/* Nothing more is heard of the try: the run is its owner's again. */
static void let_go(struct exec_run *x)
{
	x->reported = true;
	list_remove(&x->link);
	if (x->child)
		child_abandon(steal_ptr(x->child));
	x->run->state = NULL;
	close_handle((uv_handle_t *)&x->out);
	close_handle((uv_handle_t *)&x->err);
	close_handle((uv_handle_t *)&x->timer);
}

static void exec_close(struct handler *h)
{
	struct exec_handler *x = h->state;
	while (!list_empty(&x->runs))
		let_go(list_item(x->runs.next, struct exec_run, link));
}

static void fill_usage(const struct exec_run *x, struct run_report *r)
{
	r->wall_ms = (int64_t)uv_hrtime() / 1000000 - x->started_ms;
	r->cpu_user_ms = x->exit.cpu_user_us / 1000;
	r->cpu_system_ms = x->exit.cpu_system_us / 1000;
	r->max_rss_kib = x->exit.max_rss_kib;
}

static enum verdict verdict_of(const struct handler *h, int code)
{
	enum verdict v;
	for (size_t i = 0; i < h->settings->exit_count; i++)
		if (h->settings->exits[i].code == code &&
		    verdict_from_name(h->settings->exits[i].verdict, &v))
			return v;
	return verdict_of_exit(code);
}

static const char *signal_name(int signal, char out[static 32])
{
	const char *abbreviation = sigabbrev_np(signal);
	if (abbreviation)
		snprintf(out, 32, "SIG%s", abbreviation);
	else
		snprintf(out, 32, "signal %d", signal); /* a real-time one */
	return out;
}

static void describe_exit(const struct exec_run *x, struct run_report *r)
{
	int status = x->exit.status;
	struct span last = output_last_line(&x->output);
	char words[WORDS_SIZE];
	clean_copy(words, sizeof words, last);
	const char *colon = *words ? ": " : "";
	if (WIFSIGNALED(status)) {
		char name[32];
		bool for_memory = WTERMSIG(status) == SIGKILL && !x->kill_asked &&
		                  (x->exit.for_memory || oom_happened());
		r->verdict = for_memory ? VERDICT_OOM : VERDICT_CRASH;
		r->signal = WTERMSIG(status);
		snprintf(r->error, sizeof r->error, "killed by %s%s%s%s",
		         signal_name(r->signal, name), for_memory ? " for want of memory" : "",
		         colon, words);
		return;
	}
	r->exit_code = WEXITSTATUS(status);
	r->verdict = verdict_of(x->run->handler, r->exit_code);
	if (r->verdict != VERDICT_OK)
		snprintf(r->error, sizeof r->error, "exit %d%s%s", r->exit_code, colon, words);
}

/* What execve's error does not say by itself. */
static const char *advice(int errnum, const char *program)
{
	if (errnum == ENOEXEC)
		return "; a script begins with a line like #!/bin/sh";
	if (errnum == ENOENT && access(program, F_OK) == 0)
		return "; the interpreter in its first line, or its loader, is not there";
	return "";
}

static void describe_failure(const struct exec_run *x, struct run_report *r)
{
	const char *program = ((const struct exec_handler *)x->run->handler->state)->program;
	const char *words = strerrordesc_np(x->start_errno);
	/* Too many arguments and variables are the job's doing (its headers); all else is this
	 * machine's. */
	r->verdict = x->start_errno == E2BIG ? VERDICT_DEAD : VERDICT_UNRUNNABLE;
	snprintf(r->error, sizeof r->error, "'%.300s' cannot be started: %s%s", program,
	         words ? words : "unknown error", advice(x->start_errno, program));
}

static void report(struct exec_run *x)
{
	if (x->reported)
		return;
	output_end(&x->output);
	struct run_report r = {.after_ms = -1,
	                       .exit_code = -1,
	                       .wall_ms = -1,
	                       .cpu_user_ms = -1,
	                       .cpu_system_ms = -1,
	                       .max_rss_kib = -1};
	if (x->start_errno) {
		describe_failure(x, &r);
	} else {
		fill_usage(x, &r);
		describe_exit(x, &r);
	}
	r.result =
	    (struct span){x->output.result.data ? x->output.result.data : "", x->output.result.len};
	r.result_truncated = x->output.truncated;
	r.stderr_tail = output_tail(&x->output);
	let_go(x);
	x->run->done(x->run, &r);
}

static void on_time(uv_timer_t *timer)
{
	report(timer->data);
}

/* The output has ended and the root has exited. */
static void clear_away(struct exec_run *x)
{
	if (!x->child) {
		report(x);
		return;
	}
	if (!x->kill_asked)
		child_kill_tree(x->child);
	x->kill_asked = true;
	uv_timer_start(&x->timer, on_time, GONE_MS, 0);
}

static void on_output_grace(uv_timer_t *timer)
{
	clear_away(timer->data);
}

static void check_end(struct exec_run *x)
{
	if (!x->exited || x->reported)
		return;
	if (x->pipes_open == 0)
		clear_away(x);
	else
		uv_timer_start(&x->timer, on_output_grace, OUTPUT_GRACE_MS, 0);
}

/* ---- news of the child ---- */

static void on_failed(void *data, int errnum)
{
	struct exec_run *x = data;
	x->child = NULL;
	x->start_errno = errnum ? errnum : EINVAL;
	report(x);
}

static void on_exited(void *data, const struct child_exit *exit)
{
	struct exec_run *x = data;
	x->exited = true;
	x->exit = *exit;
	if (!exit->leftovers && !x->kill_asked)
		x->child = NULL;
	check_end(x);
}

static void on_gone(void *data)
{
	struct exec_run *x = data;
	x->child = NULL;
	check_end(x); /* what the tree wrote last may still be in the pipes */
}

static const struct child_events child_events = {
    .failed = on_failed, .exited = on_exited, .gone = on_gone};

/* ---- output ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct exec_run *x = handle->data;
	struct exec_handler *h = x->handler->state;
	(void)suggested;
	*buf = uv_buf_init(h->chunk, sizeof h->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct exec_run *x = stream->data;
	if (n > 0 && stream == (uv_stream_t *)&x->out)
		output_add_stdout(&x->output, buf->base, (size_t)n);
	else if (n > 0)
		output_add_stderr(&x->output, buf->base, (size_t)n);
	if (n >= 0)
		return;
	uv_read_stop(stream);
	x->pipes_open--;
	check_end(x);
}

/* ---- starting ---- */

/* args and a newline, sealed and rewound: seekable, never blocking, and fine for a handler that
 * does not read. */
static int make_stdin(const struct job *j)
{
	int fd = memfd_create("job", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	size_t at = 0;
	while (at < j->args_len) {
		ssize_t n = write(fd, j->args + at, j->args_len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		at += (size_t)n;
	}
	if (at < j->args_len || write(fd, "\n", 1) != 1 || lseek(fd, 0, SEEK_SET) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		close_fd(&fd);
	return fd;
}

static int open_descriptors(struct exec_run *x, const struct job *j, int fds[3])
{
	int out[2] = {-1, -1}, err[2] = {-1, -1};
	fds[0] = make_stdin(j);
	if (fds[0] < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) {
		int errnum = errno;
		int *all[] = {&fds[0], &out[0], &out[1], &err[0], &err[1]};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			close_fd(all[i]);
		return errnum;
	}
	uv_pipe_open(&x->out, out[0]);
	uv_pipe_open(&x->err, err[0]);
	fds[1] = out[1];
	fds[2] = err[1];
	return 0;
}

static void on_line(void *data, struct span line)
{
	const struct exec_run *x = data;
	if (x->run->log)
		x->run->log(x->run, line);
}

static struct exec_run *make_run(struct handler *h, struct run *r)
{
	struct exec_run *x = xcalloc(1, sizeof *x);
	x->run = r;
	x->handler = h;
	handler_hold(h);
	list_append(&((struct exec_handler *)h->state)->runs, &x->link);
	x->started_ms = (int64_t)uv_hrtime() / 1000000;
	output_init(&x->output, (size_t)h->worker->result_max, h->worker->log_output,
	            (struct log_subject){r->request.queue, r->request.job->id});
	x->output.on_line = on_line;
	x->output.data = x;
	uv_pipe_init(h->loop, &x->out, 0);
	uv_pipe_init(h->loop, &x->err, 0);
	uv_timer_init(h->loop, &x->timer);
	x->out.data = x->err.data = x->timer.data = x;
	x->handles = 3;
	r->state = x;
	return x;
}

static void exec_start(struct handler *h, struct run *r)
{
	struct exec_handler *handler = h->state;
	struct exec_run *x = make_run(h, r);
	struct spawn s = {.program = handler->program,
	                  .arguments = handler->words,
	                  .limits = &handler->limits,
	                  .fds = {-1, -1, -1, -1, -1}};
	x->start_errno = open_descriptors(x, r->request.job, s.fds);
	if (x->start_errno) {
		uv_timer_start(&x->timer, on_time, 0, 0); /* done() never runs inside start */
		return;
	}
	char token[ENVIRONMENT_TOKEN_SIZE];
	environment_make_token(token);
	if (h->settings->private_tmp && !(x->tmp = private_tmp_make(&handler->limits))) {
		x->start_errno = errno;
		uv_timer_start(&x->timer, on_time, 0, 0);
		for (size_t i = 0; i < SPAWN_FDS_MAX; i++)
			close_fd(&s.fds[i]);
		return;
	}
	const struct environment_more more = {.names = h->settings->environment, .tmp = x->tmp};
	char **environment = environment_make(&r->request, token, &more);
	s.environment = environment;
	s.token = token;
	x->pipes_open = 2;
	uv_read_start((uv_stream_t *)&x->out, on_alloc, on_read);
	uv_read_start((uv_stream_t *)&x->err, on_alloc, on_read);
	x->child = guardian_spawn(h->guardian, &s, &child_events, x);
	environment_free(environment);
}

static void exec_stop(struct run *r, enum run_stop how)
{
	struct exec_run *x = r->state;
	if (!x || !x->child || x->reported)
		return;
	if (how == RUN_STOP_TERM) {
		child_signal_tree(x->child, SIGTERM);
		return;
	}
	if (!x->kill_asked)
		child_kill_tree(x->child);
	x->kill_asked = true;
}

const struct handler_kind exec_kind = {
    .name = "exec",
    .open = exec_open,
    .close = exec_close,
    .free = exec_free,
    .start = exec_start,
    .stop = exec_stop,
};
