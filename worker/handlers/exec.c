/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/signal_name.h"
#include "common/base/clean.h"
#include "common/base/list.h"
#include "common/base/memory.h"
#include "worker/guardian/confine.h"
#include "worker/handlers/environment.h"
#include "worker/handlers/output.h"
#include "worker/handlers/program.h"
#include "worker/handlers/report.h"
#include "worker/handlers/spawned.h"
#include "worker/handlers/words.h"

enum { WORDS_SIZE = 301 /* of its last line in the error */ };

struct exec_handler {
	char **words;
	char *program;
	struct spawn_limits limits;
	struct list runs; /* exec_run::link: not reported yet */
};

struct exec_run {
	struct list link; /* exec_handler::runs */
	struct run *run;
	struct spawned process;
	struct output output;
	int64_t started_ms;
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

/* ---- the end of an attempt ---- */

static void on_closed(struct spawned *s)
{
	struct exec_run *x = s->owner;
	output_finish(&x->output);
	free(x);
}

/* Nothing more is heard of the run, which is its owner's again. */
static void let_go(struct exec_run *x)
{
	list_remove(&x->link);
	x->run->state = NULL;
	spawned_close(&x->process);
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
	r->cpu_user_ms = x->process.exit.cpu_user_us / 1000;
	r->cpu_system_ms = x->process.exit.cpu_system_us / 1000;
	r->max_rss_kib = x->process.exit.max_rss_kib;
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

static void describe_exit(const struct exec_run *x, struct run_report *r)
{
	int status = x->process.exit.status;
	struct span last = output_last_line(&x->output);
	char words[WORDS_SIZE];
	clean_copy(words, sizeof words, last);
	const char *colon = *words ? ": " : "";
	if (WIFSIGNALED(status)) {
		char name[SIGNAL_NAME_SIZE];
		bool for_memory = x->process.for_memory;
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

/* Returns what execve's error does not say by itself. */
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
	const char *words = strerrordesc_np(x->process.start_errno);
	/* Too many arguments and variables come from the job (its headers). All else is this
	 * machine's fault. */
	r->verdict = x->process.start_errno == E2BIG ? VERDICT_DEAD : VERDICT_UNRUNNABLE;
	snprintf(r->error, sizeof r->error, "'%.300s' cannot be started: %s%s", program,
	         words ? words : "unknown error", advice(x->process.start_errno, program));
}

static void on_gone(struct spawned *s)
{
	struct exec_run *x = s->owner;
	struct run_report r = run_report_blank;
	output_end(&x->output);
	if (s->start_errno) {
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

/* ---- output ---- */

static void on_output(struct spawned *s, const char *data, size_t len)
{
	struct exec_run *x = s->owner;
	output_add_stdout(&x->output, data, len);
}

static void on_errors(struct spawned *s, const char *data, size_t len)
{
	struct exec_run *x = s->owner;
	output_add_stderr(&x->output, data, len);
}

static const struct spawned_events events = {
    .output = on_output, .errors = on_errors, .gone = on_gone, .closed = on_closed};

/* ---- starting ---- */

/* Makes a sealed file of the args and a newline. It is seekable, never blocks, and is fine for a
 * handler that does not read. */
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

static void on_line(void *data, struct span line)
{
	const struct exec_run *x = data;
	if (x->run->log)
		x->run->log(x->run, line);
}

static struct exec_run *make_run(struct handler *h, struct run *r)
{
	struct exec_handler *handler = h->state;
	struct exec_run *x = xcalloc(1, sizeof *x);
	x->run = r;
	x->started_ms = (int64_t)uv_hrtime() / 1000000;
	list_append(&handler->runs, &x->link);
	output_init(&x->output, (size_t)h->worker->result_max, h->worker->log_output,
	            (struct log_subject){r->request.queue, r->request.job->id});
	x->output.on_line = on_line;
	x->output.data = x;
	spawned_init(&x->process, h, &handler->limits, &events, x);
	r->state = x;
	return x;
}

static void exec_start(struct handler *h, struct run *r)
{
	struct exec_handler *handler = h->state;
	struct exec_run *x = make_run(h, r);
	int in = make_stdin(r->request.job);
	int errnum = in < 0 ? errno : 0;
	char token[ENVIRONMENT_TOKEN_SIZE];
	environment_make_token(token);
	const struct environment_more more = {.names = h->settings->environment,
	                                      .tmp = x->process.tmp};
	char **environment = environment_make(&r->request, token, &more);
	struct spawn s = {.program = handler->program,
	                  .arguments = handler->words,
	                  .environment = environment,
	                  .token = token,
	                  .limits = &handler->limits,
	                  .fds = {in, x->process.out_fd, x->process.err_fd, -1, -1}};
	spawned_start(&x->process, &s, errnum);
	environment_free(environment);
}

static void exec_stop(struct run *r, enum run_stop how)
{
	struct exec_run *x = r->state;
	if (!x)
		return;
	if (how == RUN_STOP_TERM)
		spawned_signal(&x->process, SIGTERM);
	else
		spawned_kill(&x->process);
}

const struct handler_kind exec_kind = {
    .name = "exec",
    .open = exec_open,
    .close = exec_close,
    .free = exec_free,
    .start = exec_start,
    .stop = exec_stop,
};
