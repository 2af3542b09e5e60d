/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/guardian/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/memory.h"

enum { KILL_AGAIN_MS = 10 };

static ssize_t read_file(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	size_t len = 0;
	ssize_t n;
	while (len < size - 1 && (n = read(fd, out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	out[len] = 0;
	return (ssize_t)len;
}

bool tree_has_stranger(const pid_t *known, size_t count)
{
	char path[64], text[8192];
	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	ssize_t len = read_file(path, text, sizeof text);
	if (len < 0 || (size_t)len == sizeof text - 1)
		return true;
	char *end;
	for (char *at = text; *at; at = end) {
		long pid = strtol(at, &end, 10);
		if (end == at)
			break;
		size_t i = 0;
		while (i < count && known[i] != pid)
			i++;
		if (i == count)
			return true;
	}
	return false;
}

/* Returns the next word, cut off where it ends, or NULL. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " \n");
	*at = word + strcspn(word, " \n");
	if (**at)
		*(*at)++ = 0;
	return *word ? word : NULL;
}

/* Counts fields from the last ')', because the command name before it may hold blanks and brackets.
 */
static bool read_process(pid_t pid, struct tree_process *p)
{
	enum {
		STATE,
		PARENT,
		GROUP,
		SESSION,
		STARTED = 19,
		FIELDS
	}; /* proc(5) counts from 3 there */
	char path[64], text[1024], *fields[FIELDS] = {0}, *rest;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (read_file(path, text, sizeof text) < 0 || !(rest = strrchr(text, ')')))
		return false;
	rest++;
	for (size_t i = 0; i < FIELDS; i++)
		if (!(fields[i] = next_word(&rest)))
			return false;
	*p = (struct tree_process){
	    .pid = pid,
	    .parent = (pid_t)strtol(fields[PARENT], NULL, 10),
	    .session = (pid_t)strtol(fields[SESSION], NULL, 10),
	    .started = strtoull(fields[STARTED], NULL, 10),
	};
	return *fields[STATE] != 'Z' && *fields[STATE] != 'X';
}

static struct tree_process *find(struct tree *t, pid_t pid)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->processes[i].pid == pid)
			return &t->processes[i];
	return NULL;
}

static void scan_all(struct tree *t)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	while (proc && (entry = readdir(proc))) {
		struct tree_process p;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid <= 0 || !read_process(pid, &p))
			continue;
		if (t->count == t->cap) {
			t->cap = t->cap ? t->cap * 2 : 256;
			t->processes = xrealloc(t->processes, t->cap, sizeof *t->processes);
		}
		t->processes[t->count++] = p;
	}
	if (proc)
		closedir(proc);
}

static bool descends(struct tree *t, const struct tree_process *p, pid_t ancestor)
{
	for (size_t steps = 0; p && steps <= t->count; steps++) {
		if (p->parent == ancestor)
			return true;
		p = find(t, p->parent);
	}
	return false;
}

void tree_scan(struct tree *t)
{
	*t = (struct tree){0};
	scan_all(t);
	pid_t self = getpid();
	/* Decide first and drop after, because dropping one would cut the chain of another. */
	for (size_t i = 0; i < t->count; i++)
		t->processes[i].owner = descends(t, &t->processes[i], self) ? t : NULL;
	size_t kept = 0;
	for (size_t i = 0; i < t->count; i++)
		if (t->processes[i].owner)
			t->processes[kept++] = t->processes[i];
	t->count = kept;
	for (size_t i = 0; i < t->count; i++)
		t->processes[i].owner = NULL;
}

void tree_finish(struct tree *t)
{
	free(t->processes);
	*t = (struct tree){0};
}

static bool read_environment(pid_t pid, char *out, size_t size, size_t *len)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	ssize_t n = read_file(path, out, size);
	*len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static const void *owner_by_token(const char *environment, size_t len,
                                  const struct tree_root *roots, size_t count)
{
	for (const char *at = environment; at < environment + len; at += strlen(at) + 1)
		for (size_t i = 0; i < count; i++)
			if (strcmp(at, roots[i].token) == 0)
				return roots[i].owner;
	return NULL;
}

static void claim_by_session(struct tree *t, const struct tree_root *root)
{
	/* The kernel reuses no pid while a session bears it. So without its leader, the session is
	 * still the old one. */
	if (root->ended && find(t, root->pid))
		return;
	for (size_t i = 0; i < t->count; i++)
		if (!t->processes[i].owner && t->processes[i].session == root->pid)
			t->processes[i].owner = root->owner;
}

static void claim_by_parent(struct tree *t)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < t->count; i++) {
			struct tree_process *p = &t->processes[i],
			                    *parent = p->owner ? NULL : find(t, p->parent);
			if (!parent || !parent->owner)
				continue;
			p->owner = parent->owner;
			more = true;
		}
	}
}

static void claim_by_token(struct tree *t, const struct tree_root *roots, size_t count)
{
	enum { ENVIRON_MAX = 1 << 20 };
	cleanup_free char *environment = NULL;
	for (size_t i = 0; i < t->count; i++) {
		struct tree_process *p = &t->processes[i];
		size_t len;
		if (p->owner)
			continue;
		if (!environment)
			environment = xcalloc(1, ENVIRON_MAX);
		if (read_environment(p->pid, environment, ENVIRON_MAX, &len))
			p->owner = owner_by_token(environment, len, roots, count);
	}
}

void tree_claim(struct tree *t, const struct tree_root *roots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		claim_by_session(t, &roots[i]);
	claim_by_parent(t);
	claim_by_token(t, roots, count);
	claim_by_parent(t);
}

void tree_signal(const struct tree_process *p, int signal)
{
	struct tree_process now;
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (fd < 0) {
		if (errno == ENOSYS)
			kill(p->pid, signal);
		return;
	}
	if (read_process(p->pid, &now) && now.started == p->started)
		syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
	close(fd);
}

bool tree_kill_all(int64_t until_ms)
{
	for (;;) {
		struct tree t;
		tree_scan(&t);
		for (size_t i = 0; i < t.count; i++)
			tree_signal(&t.processes[i], SIGKILL);
		bool empty = t.count == 0;
		tree_finish(&t);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (empty || clock_monotonic_ms() > until_ms)
			return empty;
		poll(NULL, 0, KILL_AGAIN_MS);
	}
}
