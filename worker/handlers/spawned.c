/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/spawned.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "worker/guardian/oom.h"
#include "worker/handlers/private_tmp.h"

enum { OUTPUT_GRACE_MS = 200, GONE_MS = 2000, READ_SIZE = 64 * 1024 };

/* ---- the end ---- */

static void on_time(uv_timer_t *timer);

static void wait_for_tree(struct spawned *s)
{
	spawned_kill(s);
	s->grace_over = false;
	uv_timer_start(&s->timer, on_time, GONE_MS, 0);
}

static void check_end(struct spawned *s)
{
	bool output_over = s->open == 0 || s->grace_over || s->start_errno;
	if (s->gone || !output_over || !(s->exited || s->start_errno))
		return;
	if (!s->ended) {
		s->ended = true;
		if (s->events->ended)
			s->events->ended(s);
		if (s->child) {
			wait_for_tree(s);
			return;
		}
	}
	if (s->child)
		return;
	s->gone = true;
	uv_timer_stop(&s->timer);
	s->events->gone(s);
}

static void on_time(uv_timer_t *timer)
{
	struct spawned *s = timer->data;
	if (s->ended && s->child)
		child_abandon(steal_ptr(s->child));
	s->grace_over = true;
	check_end(s);
}

static void wait_for_output(struct spawned *s)
{
	if (s->open > 0)
		uv_timer_start(&s->timer, on_time, OUTPUT_GRACE_MS, 0);
	check_end(s);
}

/* ---- what the process does ---- */

static void on_started(void *data, pid_t pid)
{
	struct spawned *s = data;
	s->pid = pid;
	s->events->started(s);
}

static void on_failed(void *data, int errnum)
{
	struct spawned *s = data;
	s->child = NULL;
	s->start_errno = errnum ? errnum : EINVAL;
	check_end(s);
}

static void on_exited(void *data, const struct child_exit *exit)
{
	struct spawned *s = data;
	s->exited = true;
	s->exit = *exit;
	s->for_memory = WIFSIGNALED(exit->status) && WTERMSIG(exit->status) == SIGKILL &&
	                !s->kill_asked && (exit->for_memory || oom_happened());
	if (!exit->leftovers && !s->kill_asked)
		s->child = NULL;
	spawned_read(s); /* what it wrote before counts */
	if (s->events->exited)
		s->events->exited(s);
	wait_for_output(s);
}

static void on_gone(void *data)
{
	struct spawned *s = data;
	s->child = NULL;
	wait_for_output(s); /* what the tree wrote last may still be in the pipes */
}

static const struct child_events child_events = {
    .failed = on_failed, .exited = on_exited, .gone = on_gone};
static const struct child_events child_events_with_start = {
    .failed = on_failed, .exited = on_exited, .gone = on_gone, .started = on_started};

/* ---- output ---- */

/* All streams read into one buffer, because a read is used up before the next. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char chunk[READ_SIZE];
	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(chunk, sizeof chunk);
}

static void on_out(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct spawned *s = stream->data;
	if (n > 0)
		s->events->output(s, buf->base, (size_t)n);
	if (n >= 0)
		return;
	uv_read_stop(stream);
	s->out_ended = true;
	s->open--;
	if (s->events->output_ended)
		s->events->output_ended(s);
	check_end(s);
}

static void on_err(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct spawned *s = stream->data;
	if (n > 0)
		s->events->errors(s, buf->base, (size_t)n);
	if (n >= 0)
		return;
	uv_read_stop(stream);
	s->open--;
	check_end(s);
}

void spawned_pause_reading(struct spawned *s)
{
	uv_read_stop((uv_stream_t *)&s->out);
}

void spawned_read(struct spawned *s)
{
	if (!s->out_ended && !uv_is_closing((uv_handle_t *)&s->out))
		uv_read_start((uv_stream_t *)&s->out, on_alloc, on_out);
}

/* ---- starting ---- */

static int open_pipe(uv_pipe_t *ours, int *theirs)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	uv_pipe_open(ours, ends[0]);
	*theirs = ends[1];
	return 0;
}

void spawned_init(struct spawned *s, struct handler *h, const struct spawn_limits *limits,
                  const struct spawned_events *events, void *owner)
{
	*s = (struct spawned){
	    .owner = owner, .events = events, .handler = h, .out_fd = -1, .err_fd = -1};
	handler_hold(h);
	uv_pipe_init(h->loop, &s->out, 0);
	uv_pipe_init(h->loop, &s->err, 0);
	uv_timer_init(h->loop, &s->timer);
	s->out.data = s->err.data = s->timer.data = s;
	s->handles = 3;
	if (h->settings->private_tmp && !(s->tmp = private_tmp_make(limits)))
		s->start_errno = errno;
	if (!s->start_errno)
		s->start_errno = open_pipe(&s->out, &s->out_fd);
	if (!s->start_errno)
		s->start_errno = open_pipe(&s->err, &s->err_fd);
}

/* Closes all descriptors, with the process's ends of the pipes, which may be in the list or not. */
static void close_fds(struct spawned *s, struct spawn *what)
{
	for (size_t i = 0; i < SPAWN_FDS_MAX; i++)
		if (what->fds[i] != s->out_fd && what->fds[i] != s->err_fd)
			close_fd(&what->fds[i]);
	close_fd(&s->out_fd);
	close_fd(&s->err_fd);
}

void spawned_start(struct spawned *s, struct spawn *what, int errnum)
{
	if (!s->start_errno)
		s->start_errno = errnum;
	if (s->start_errno) {
		close_fds(s, what);
		uv_timer_start(&s->timer, on_time, 0,
		               0); /* events never come from inside this call */
		return;
	}
	s->open = 2;
	s->out_fd = s->err_fd = -1;
	uv_read_start((uv_stream_t *)&s->out, on_alloc, on_out);
	uv_read_start((uv_stream_t *)&s->err, on_alloc, on_err);
	s->child = guardian_spawn(s->handler->guardian, what,
	                          s->events->started ? &child_events_with_start : &child_events, s);
}

/* ---- stopping ---- */

void spawned_signal(struct spawned *s, int signal)
{
	if (s->child)
		child_signal_tree(s->child, signal);
}

void spawned_kill(struct spawned *s)
{
	if (s->child)
		child_kill_tree(s->child);
	s->kill_asked = s->kill_asked || s->child;
}

static void on_closed(uv_handle_t *handle)
{
	struct spawned *s = handle->data;
	if (--s->handles > 0)
		return;
	private_tmp_remove(s->handler->loop, steal_ptr(s->tmp));
	handler_release(s->handler);
	s->events->closed(s);
}

void spawned_close(struct spawned *s)
{
	if (s->child)
		child_abandon(steal_ptr(s->child));
	s->ended = s->gone = true;
	uv_close((uv_handle_t *)&s->out, on_closed);
	uv_close((uv_handle_t *)&s->err, on_closed);
	uv_close((uv_handle_t *)&s->timer, on_closed);
}
