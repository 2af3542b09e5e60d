/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raw-spawn COUNT SLOTS COMMAND...
 *
 * Runs the command COUNT times, SLOTS at once: posix_spawn, a job to its stdin, its stdout read to
 * the end, waitpid. This is what a handler of kind exec costs without a worker around it.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/raw.h"

struct slot {
	pid_t pid; /* 0 if the slot is free */
	int out;
};

static void start(struct slot *s, char **words)
{
	static long n;
	int in[2], out[2];
	char body[1024];
	posix_spawn_file_actions_t actions;
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		raw_die("no pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	if (posix_spawnp(&s->pid, words[0], &actions, NULL, words, environ) != 0)
		raw_die("'%s' cannot be started", words[0]);
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	int len = raw_job(body, sizeof body, n++, 0, NULL);
	if (write(in[1], body, (size_t)len) < 0 && n < 0)
		raw_die("stdin");
	close(in[1]);
	s->out = out[0];
}

/* Reads some output. Returns false if the process has not ended yet. */
static bool read_some(struct slot *s)
{
	char chunk[4096];
	int status;
	if (read(s->out, chunk, sizeof chunk) > 0)
		return false;
	close(s->out);
	if (waitpid(s->pid, &status, 0) != s->pid || status != 0)
		raw_die("the command failed (status %d)", status);
	s->pid = 0;
	return true;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		raw_die("usage: raw-spawn COUNT SLOTS COMMAND...");
	long count = raw_number(argv[1]), started = 0, ended = 0;
	size_t slots = (size_t)raw_number(argv[2]);
	struct slot *all = calloc(slots, sizeof *all);
	struct pollfd *fds = calloc(slots, sizeof *fds);
	signal(SIGPIPE, SIG_IGN);
	while (all && fds && ended < count) {
		for (size_t i = 0; i < slots; i++) {
			if (all[i].pid == 0 && started < count) {
				start(&all[i], argv + 3);
				started++;
			}
			fds[i] =
			    (struct pollfd){.fd = all[i].pid ? all[i].out : -1, .events = POLLIN};
		}
		if (poll(fds, slots, -1) < 0)
			raw_die("poll");
		for (size_t i = 0; i < slots; i++)
			if (fds[i].revents && read_some(&all[i]))
				ended++;
	}
	free(all);
	free(fds);
	return 0;
}
