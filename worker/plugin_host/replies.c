/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/plugin_host/replies.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { HELD_MAX = 32 * 1024, HOLD_US = 1000 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct buf held;
	unsigned long
	    batch; /* counts flushes, and so tells the thread whether what it saw is still held */
	int fd;
	pid_t pid; /* a child that the plugin forks has a copy of what is held, and must not write
	              it again */
	bool threaded, broken;
	atomic_bool busy; /* during a crash nothing is written that is just being changed */
} out = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER, .fd = -1};

static bool write_all(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(out.fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool flush_locked(void)
{
	atomic_store(&out.busy, true);
	if (out.held.len > 0 && !write_all(out.held.data, out.held.len))
		out.broken = true;
	buf_clear(&out.held);
	out.batch++;
	atomic_store(&out.busy, false);
	return !out.broken;
}

static void *flush_late(void *arg)
{
	pthread_mutex_lock(&out.lock);
	for (;;) {
		while (out.held.len == 0)
			pthread_cond_wait(&out.filled, &out.lock);
		unsigned long seen = out.batch;
		pthread_mutex_unlock(&out.lock);
		usleep(HOLD_US);
		pthread_mutex_lock(&out.lock);
		if (out.batch == seen)
			flush_locked();
	}
	return arg;
}

/* Async-signal-safe. Takes no lock, as the process ends in any case. */
static void on_crash(int number)
{
	if (getpid() == out.pid && !atomic_load(&out.busy) && out.held.len > 0)
		write_all(out.held.data, out.held.len);
	raise(number); /* ends as it would have ended without this handler (SA_RESETHAND) */
}

static void on_exit_flush(void)
{
	if (getpid() != out.pid)
		return;
	pthread_mutex_lock(&out.lock);
	flush_locked();
	pthread_mutex_unlock(&out.lock);
}

static void watch_crashes(void)
{
	static char stack[16384]; /* because a stack overflow leaves no room on the stack */
	static const int numbers[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGABRT,
	                              SIGTERM, SIGXCPU, SIGPIPE, SIGALRM, SIGSYS,
	                              SIGTRAP, SIGXFSZ, SIGHUP,  SIGUSR1, SIGUSR2};
	const stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
	struct sigaction action = {.sa_handler = on_crash,
	                           .sa_flags = SA_RESETHAND | SA_ONSTACK | SA_NODEFER};
	stack_t present;
	if (sigaltstack(NULL, &present) == 0 && (present.ss_flags & SS_DISABLE))
		sigaltstack(&alternative, NULL);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct sigaction old; /* what the plugin or its runtime has installed is kept */
		if (sigaction(numbers[i], NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) &&
		    old.sa_handler == SIG_DFL)
			sigaction(numbers[i], &action, NULL);
	}
	atexit(on_exit_flush);
}

bool replies_begin(int fd)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, old;
	out.fd = fd;
	out.pid = getpid();
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	out.threaded = pthread_create(&thread, &attr, flush_late, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (out.threaded)
		watch_crashes();
	return out.threaded;
}

bool replies_add(const struct buf *lines, bool hold)
{
	pthread_mutex_lock(&out.lock);
	bool first = out.held.len == 0, ok = !out.broken;
	atomic_store(&out.busy, true);
	buf_append(&out.held, lines->data, lines->len);
	atomic_store(&out.busy, false);
	if (!hold || !out.threaded || out.held.len > HELD_MAX)
		ok = flush_locked();
	else if (first)
		pthread_cond_signal(&out.filled);
	pthread_mutex_unlock(&out.lock);
	return ok;
}
