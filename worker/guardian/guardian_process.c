/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/guardian/guardian_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "worker/guardian/cgroup.h"
#include "worker/guardian/inherit.h"
#include "worker/guardian/guardian_protocol.h"
#include "worker/guardian/tree.h"

enum { KILL_AGAIN_MS = 10, LAST_KILL_MS = 10000, REQUESTS_AT_ONCE = 64 };

/* A handler process, from its start until it has been reaped and nothing of its tree is left. */
struct kid {
	uint64_t id;
	uint64_t
	    number; /* counts kids, and so tells which were running when an orphan was first seen */
	pid_t root;
	bool exited, killing;
	int signal;  /* the worker asked for it since the last look; 0: none */
	size_t left; /* while killing, how many processes the last look found */
	char token[64];
	char group[CGROUP_PATH_SIZE]; /* its control group, or "" */
};

/* A process that became our child when its parent ended, and that belongs to no kid we know of. */
struct orphan {
	pid_t pid;
	unsigned long long started;
	uint64_t seen_at; /* the highest number of a kid when it was first seen */
	bool here;        /* found by the last look */
};

struct process {
	int socket, signals;
	struct kid *kids;
	size_t kid_count, kid_cap;
	struct orphan *orphans;
	size_t orphan_count, orphan_cap;
	uint64_t last_number;
	char **base_environment; /* the part of the worker's environment that handlers inherit */
	size_t base_count;
};

static void reply(const struct process *g, const struct guardian_reply *r)
{
	/* Blocks, because a reply must not be lost, and the worker always reads. */
	while (send(g->socket, r, sizeof *r, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* ---- starting ---- */

struct start {
	const char *program;
	char **arguments, **environment;
	const int *fds;
	uint32_t fd_count;
	const struct spawn_limits *limits;
	int group; /* cgroup.procs of its control group, or -1 */
};

static int limit(int resource, int64_t value)
{
	const struct rlimit r = {(rlim_t)value, (rlim_t)value};
	return value == SPAWN_UNLIMITED ? 0 : setrlimit(resource, &r);
}

/* Uses system calls, because the C library would address threads that are not there. Groups come
 * first, while it still may set them. */
static int become_user(const struct spawn_limits *l)
{
	if (!l->as_user)
		return 0;
	if (syscall(SYS_setgroups, l->group_count, l->groups) < 0 ||
	    syscall(SYS_setresgid, l->gid, l->gid, l->gid) < 0)
		return -1;
	return (int)syscall(SYS_setresuid, l->uid, l->uid, l->uid);
}

static int apply_limits(const struct spawn_limits *l, int group)
{
	if (group >= 0 && write(group, "0", 1) != 1)
		return -1;
	if (limit(RLIMIT_CPU, l->cpu_s) < 0 || limit(RLIMIT_NOFILE, l->files) < 0 ||
	    limit(RLIMIT_FSIZE, l->file_size) < 0)
		return -1;
	if (l->no_network && unshare(CLONE_NEWNET) < 0)
		return -1;
	if (limit(RLIMIT_NPROC, l->processes) < 0 || become_user(l) < 0)
		return -1;
	if (l->folder[0] && chdir(l->folder) < 0)
		return -1;
	if (l->umask != SPAWN_UNLIMITED)
		umask((mode_t)l->umask);
	if (l->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return group >= 0 ? 0 : limit(RLIMIT_AS, l->memory);
}

/*
 * Runs in the child of vfork, in the parent's memory. So it may only make system calls, and only
 * write memory that the child alone uses. Returns the errno of a failure.
 */
static int become_handler(const struct start *s)
{
	sigset_t none;
	struct sigaction standard = {.sa_handler = SIG_DFL};
	setsid();
	for (int signal = 1; signal < NSIG; signal++)
		sigaction(signal, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Descriptors are from 4 up, so that no target is a source still to come. One may be in its
	 * place already. */
	for (int i = 0; i < (int)s->fd_count; i++)
		if (s->fds[i] == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(s->fds[i], i) < 0)
			return errno;
	if (apply_limits(s->limits, s->group) < 0)
		return errno;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of user clears it */
	execve(s->program, s->arguments, s->environment);
	return errno;
}

static pid_t start_process(const struct start *s, int *errnum)
{
	volatile int failure = 0;
	pid_t pid = vfork();
	if (pid == 0) {
		/* Makes only system calls, and writes only what is the child's alone. */
		failure = become_handler(s); // NOLINT(clang-analyzer-unix.Vfork)
		_exit(127);
	}
	*errnum = pid < 0 ? errno : failure;
	if (pid > 0 && failure) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return -1;
	}
	return pid;
}

/* Cuts the texts behind a request into an array. Returns NULL when there are fewer than the request
 * says. */
static char **texts_of(char *at, const char *end, size_t count)
{
	char **texts = xcalloc(count + 1, sizeof *texts);
	for (size_t i = 0; i < count; i++) {
		char *stop = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;
		if (!stop) {
			free(texts);
			return NULL;
		}
		texts[i] = at;
		at = stop + 1;
	}
	return texts;
}

static char **full_environment(const struct process *g, bool clean, char **own, size_t count)
{
	size_t base = clean ? 0 : g->base_count;
	char **env = xcalloc(base + count + 1, sizeof *env);
	memcpy(env, g->base_environment, base * sizeof *env);
	memcpy(env + base, own, count * sizeof *env);
	return env;
}

static void add_kid(struct process *g, const struct guardian_request *r, pid_t root,
                    const char *group)
{
	if (g->kid_count == g->kid_cap) {
		g->kid_cap = g->kid_cap ? g->kid_cap * 2 : 16;
		g->kids = xrealloc(g->kids, g->kid_cap, sizeof *g->kids);
	}
	struct kid *k = &g->kids[g->kid_count++];
	*k = (struct kid){.id = r->id, .number = ++g->last_number, .root = root};
	memcpy(k->token, r->token, sizeof k->token);
	k->token[sizeof k->token - 1] = 0;
	snprintf(k->group, sizeof k->group, "%s", group);
}

/* Returns -1 where no group can be made. Then RLIMIT_AS has to do. */
static int make_group(const struct process *g, const struct guardian_request *r,
                      char path[static CGROUP_PATH_SIZE])
{
	int fd = -1;
	if (cgroup_usable() && r->limits.memory != SPAWN_UNLIMITED)
		fd = cgroup_make(g->last_number + 1, r->limits.memory, path);
	if (fd < 0)
		path[0] = 0;
	return fd;
}

static void spawn(struct process *g, const struct guardian_request *r, char *texts, const char *end,
                  int *fds)
{
	size_t arguments = r->argument_count, variables = r->environment_count;
	int errnum = E2BIG; /* the worker does not send texts that are too long */
	pid_t pid = -1;
	char group[CGROUP_PATH_SIZE] = "";
	char **all = texts_of(texts, end, 1 + arguments + variables);
	if (all) {
		char **argv = xcalloc(arguments + 1, sizeof *argv);
		memcpy(argv, all + 1, arguments * sizeof *argv);
		char **env = full_environment(g, r->limits.clean_environment, all + 1 + arguments,
		                              variables);
		const struct start s = {.program = all[0],
		                        .arguments = argv,
		                        .environment = env,
		                        .fds = fds,
		                        .fd_count =
		                            r->fd_count < GUARDIAN_FDS ? r->fd_count : GUARDIAN_FDS,
		                        .limits = &r->limits,
		                        .group = make_group(g, r, group)};
		pid = start_process(&s, &errnum);
		if (s.group >= 0)
			close(s.group);
		free(argv);
		free(env);
	}
	free(all);
	if (pid > 0) {
		add_kid(g, r, pid, group);
		if (r->tell_pid)
			reply(g, &(struct guardian_reply){
			             .id = r->id, .kind = GUARDIAN_STARTED, .number = pid});
		return;
	}
	cgroup_remove(group);
	reply(g, &(struct guardian_reply){.id = r->id, .kind = GUARDIAN_FAILED, .number = errnum});
}

/* ---- trees ---- */

static bool others_ran_then(const struct process *g, const struct kid *k, const struct orphan *o)
{
	for (size_t i = 0; i < g->kid_count; i++)
		if (&g->kids[i] != k && !g->kids[i].exited && g->kids[i].number <= o->seen_at)
			return true;
	return false;
}

static struct orphan *note_orphan(struct process *g, const struct tree_process *p)
{
	for (size_t i = 0; i < g->orphan_count; i++)
		if (g->orphans[i].pid == p->pid && g->orphans[i].started == p->started)
			return &g->orphans[i];
	if (g->orphan_count == g->orphan_cap) {
		g->orphan_cap = g->orphan_cap ? g->orphan_cap * 2 : 8;
		g->orphans = xrealloc(g->orphans, g->orphan_cap, sizeof *g->orphans);
	}
	g->orphans[g->orphan_count] =
	    (struct orphan){.pid = p->pid, .started = p->started, .seen_at = g->last_number};
	return &g->orphans[g->orphan_count++];
}

static void forget_orphans_gone(struct process *g)
{
	size_t kept = 0;
	for (size_t i = 0; i < g->orphan_count; i++)
		if (g->orphans[i].here)
			g->orphans[kept++] = g->orphans[i];
	g->orphan_count = kept;
}

/* Scans all processes below us and finds the kid that each belongs to. Notes the others as orphans.
 */
static void look(struct process *g, struct tree *t)
{
	cleanup_free struct tree_root *roots = xcalloc(g->kid_count, sizeof *roots);
	for (size_t i = 0; i < g->kid_count; i++)
		roots[i] = (struct tree_root){.owner = &g->kids[i],
		                              .pid = g->kids[i].root,
		                              .ended = g->kids[i].exited,
		                              .token = g->kids[i].token};
	tree_scan(t);
	tree_claim(t, roots, g->kid_count);
	for (size_t i = 0; i < g->orphan_count; i++)
		g->orphans[i].here = false;
	for (size_t i = 0; i < t->count; i++)
		if (!t->processes[i].owner)
			note_orphan(g, &t->processes[i])->here = true;
	forget_orphans_gone(g);
}

/* Attributes an unclaimed orphan to k once every other kid that was running when the orphan was
 * first seen has ended. */
static void give_orphans(struct process *g, struct tree *t, const struct kid *k)
{
	for (size_t i = 0; i < t->count; i++) {
		struct tree_process *p = &t->processes[i];
		if (!p->owner && !others_ran_then(g, k, note_orphan(g, p)))
			p->owner = k;
	}
}

/* Returns true if a process of k is still there. */
static bool has_processes(struct process *g, const struct kid *k)
{
	struct tree t;
	size_t count = 0;
	look(g, &t);
	give_orphans(g, &t, k);
	for (size_t i = 0; i < t.count; i++)
		count += t.processes[i].owner == k;
	tree_finish(&t);
	return count > 0;
}

/* Sends the signals that the worker has asked for. Looks once for all kids, because a look reads
 * every process of the machine, and a drain may stop hundreds of kids at once. */
static void send_signals(struct process *g)
{
	struct tree t;
	bool any = false;
	for (size_t i = 0; i < g->kid_count; i++)
		any = any || g->kids[i].signal;
	if (!any)
		return;
	look(g, &t);
	for (size_t i = 0; i < g->kid_count; i++)
		if (g->kids[i].signal)
			give_orphans(g, &t, &g->kids[i]);
	for (size_t i = 0; i < t.count; i++) {
		const struct kid *k = t.processes[i].owner;
		if (k && k->signal)
			tree_signal(&t.processes[i], k->signal);
	}
	tree_finish(&t);
	for (size_t i = 0; i < g->kid_count; i++)
		g->kids[i].signal = 0;
}

static struct kid *find_kid(struct process *g, uint64_t id)
{
	for (size_t i = 0; i < g->kid_count; i++)
		if (g->kids[i].id == id)
			return &g->kids[i];
	return NULL;
}

static void drop_kid(struct process *g, struct kid *k)
{
	cgroup_remove(k->group);
	*k = g->kids[--g->kid_count];
	if (g->kid_count == 0)
		g->orphan_count = 0;
}

static bool any_killing(const struct process *g)
{
	for (size_t i = 0; i < g->kid_count; i++)
		if (g->kids[i].killing)
			return true;
	return false;
}

/* Looks once for all kids, because a drain may kill every tree at once. */
static void kill_once(struct process *g)
{
	struct tree t;
	look(g, &t);
	for (size_t i = 0; i < g->kid_count; i++) {
		g->kids[i].left = 0;
		if (g->kids[i].killing)
			give_orphans(g, &t, &g->kids[i]);
	}
	for (size_t i = 0; i < t.count; i++) {
		struct kid *k = (struct kid *)t.processes[i].owner;
		if (!k || !k->killing)
			continue;
		k->left++;
		tree_signal(&t.processes[i], SIGKILL);
	}
	tree_finish(&t);
}

static void kill_trees(struct process *g)
{
	if (!any_killing(g))
		return;
	kill_once(g);
	for (size_t i = g->kid_count; i-- > 0;) {
		struct kid *k = &g->kids[i];
		if (!k->killing || !k->exited || k->left > 0)
			continue;
		reply(g, &(struct guardian_reply){.id = k->id, .kind = GUARDIAN_GONE});
		drop_kid(g, k);
	}
}

/* ---- reaping ---- */

static bool has_leftovers(struct process *g, const struct kid *k)
{
	cleanup_free pid_t *roots = xcalloc(g->kid_count, sizeof *roots);
	size_t count = 0;
	for (size_t i = 0; i < g->kid_count; i++)
		if (!g->kids[i].exited)
			roots[count++] = g->kids[i].root;
	return tree_has_stranger(roots, count) && has_processes(g, k);
}

static int64_t microseconds(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static void on_exit_of(struct process *g, struct kid *k, int status, const struct rusage *u)
{
	k->exited = true;
	bool leftovers = !k->killing && has_leftovers(g, k);
	struct guardian_reply r = {
	    .id = k->id,
	    .kind = GUARDIAN_EXITED,
	    .number = status,
	    .for_memory = cgroup_killed(k->group),
	    .leftovers = leftovers,
	    .cpu_user_us = microseconds(u->ru_utime),
	    .cpu_system_us = microseconds(u->ru_stime),
	    .max_rss_kib = u->ru_maxrss,
	};
	reply(g, &r);
	if (!k->killing && !leftovers)
		drop_kid(g, k);
}

static void reap(struct process *g)
{
	int status;
	struct rusage usage;
	pid_t pid;
	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		struct kid *k = NULL;
		for (size_t i = 0; i < g->kid_count && !k; i++)
			if (!g->kids[i].exited && g->kids[i].root == pid)
				k = &g->kids[i];
		if (k)
			on_exit_of(g, k, status, &usage);
	}
}

/* ---- requests ---- */

/* Takes the descriptors of a request, with -1 where there are none. */
static void take_fds(struct msghdr *message, int fds[GUARDIAN_FDS])
{
	for (int i = 0; i < GUARDIAN_FDS; i++)
		fds[i] = -1;
	struct cmsghdr *c = CMSG_FIRSTHDR(message);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len <= CMSG_LEN(GUARDIAN_FDS * sizeof(int)))
		memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
}

static void serve(struct process *g, char *packet, size_t len, int fds[GUARDIAN_FDS])
{
	struct guardian_request r;
	memcpy(&r, packet, sizeof r);
	struct kid *k = r.verb == GUARDIAN_SPAWN ? NULL : find_kid(g, r.id);
	if (r.verb == GUARDIAN_SPAWN) {
		spawn(g, &r, packet + sizeof r, packet + len, fds);
	} else if (k && r.verb == GUARDIAN_SIGNAL) {
		if (k->signal && k->signal != r.signal)
			send_signals(g);
		k->signal = r.signal;
	} else if (k && r.verb == GUARDIAN_KILL_TREE) {
		k->killing = true;
	} else if (r.verb == GUARDIAN_KILL_TREE) {
		/* The kid ended while the request was on its way. The worker waits for this reply
		 * all the same. */
		reply(g, &(struct guardian_reply){.id = r.id, .kind = GUARDIAN_GONE});
	}
}

enum taken { TOOK_ONE, TOOK_NONE, WORKER_GONE };

static enum taken take_request(struct process *g, char *packet)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(GUARDIAN_FDS * sizeof(int))];
	} control;
	struct iovec part = {packet, GUARDIAN_PACKET_MAX};
	struct msghdr message = {.msg_iov = &part,
	                         .msg_iovlen = 1,
	                         .msg_control = &control,
	                         .msg_controllen = sizeof control};
	ssize_t len = recvmsg(g->socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (len < 0)
		return errno == EINTR || errno == EAGAIN ? TOOK_NONE : WORKER_GONE;
	if (len == 0)
		return WORKER_GONE;
	int fds[GUARDIAN_FDS];
	take_fds(&message, fds);
	if ((size_t)len >= sizeof(struct guardian_request))
		serve(g, packet, (size_t)len, fds);
	for (int i = 0; i < GUARDIAN_FDS; i++)
		close_fd(&fds[i]);
	return TOOK_ONE;
}

/* Serves at most REQUESTS_AT_ONCE requests, so that reaping and killing are not starved. Returns
 * false when the worker is gone. */
static bool take_requests(struct process *g, char *packet)
{
	enum taken taken = TOOK_ONE;
	for (int i = 0; i < REQUESTS_AT_ONCE && taken == TOOK_ONE; i++)
		taken = take_request(g, packet);
	return taken != WORKER_GONE;
}

/* ---- the process ---- */

static void choose_environment(struct process *g)
{
	size_t count = 0;
	while (environ[count])
		count++;
	g->base_environment = xcalloc(count + 1, sizeof *g->base_environment);
	for (size_t i = 0; i < count; i++)
		if (inherit_allowed(environ[i]))
			g->base_environment[g->base_count++] = environ[i];
}

/* Blocks every signal, because those of the terminal and of the operator are for the worker.
 * Returns a descriptor for SIGCHLD. */
static int take_signals(void)
{
	sigset_t all, child;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void detach(int *socket)
{
	setsid();
	prctl(PR_SET_NAME, "warren-guardian");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int nothing = open("/dev/null", O_RDWR);
	dup2(nothing, 0);
	dup2(nothing, 1);
	if (nothing > 1)
		close(nothing);
	if (*socket != 3) {
		dup3(*socket, 3, O_CLOEXEC);
		*socket = 3;
	}
	close_range(4, ~0U, 0);
}

_Noreturn void guardian_process(int socket)
{
	struct process g = {.socket = socket};
	detach(&g.socket);
	g.signals = take_signals();
	choose_environment(&g);
	char *packet = xcalloc(1, GUARDIAN_PACKET_MAX);
	for (;;) {
		struct pollfd fds[] = {{.fd = g.socket, .events = POLLIN},
		                       {.fd = g.signals, .events = POLLIN}};
		if (poll(fds, 2, any_killing(&g) ? KILL_AGAIN_MS : -1) < 0 && errno != EINTR)
			break;
		struct signalfd_siginfo info;
		while (read(g.signals, &info, sizeof info) > 0)
			;
		/* Requests come first, so that a tree is killed in the turn in which that is asked
		 * for. */
		if (fds[0].revents && !take_requests(&g, packet))
			break;
		send_signals(&g);
		reap(&g);
		kill_trees(&g);
	}
	tree_kill_all(clock_monotonic_ms() + LAST_KILL_MS); /* whoever started them */
	_exit(0);
}
