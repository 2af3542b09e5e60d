/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/guardian/guardian.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/base/memory.h"
#include "worker/guardian/guardian_process.h"
#include "worker/guardian/guardian_protocol.h"
#include "worker/guardian/tree.h"

enum { SOCKET_BUFFER = 1024 * 1024 };

struct packet {
	struct list link; /* guardian::unsent */
	struct buf bytes;
	int fds[GUARDIAN_FDS]; /* owned; -1 where there is none */
	struct child *child;   /* of a spawn; NULL otherwise */
};

struct guardian {
	uv_poll_t poll;
	int fd, pid;
	bool lost;            /* nothing can be sent or received any more */
	bool closed;          /* the loop has let go of poll */
	struct list unsent;   /* packet::link */
	struct list children; /* child::link */
	uint64_t last_id;
	void (*gone)(void *data);
	void *data;
};

struct child {
	struct list link; /* guardian::children */
	uint64_t id; /* a number and not the address, because a reply may come after the end of its
	                child */
	bool kill_asked; /* GUARDIAN_GONE will be the last reply */
	struct guardian *guardian;
	const struct child_events *events; /* NULL when abandoned */
	void *data;
};

/* With one of 0, 1, 2 closed, the next descriptors opened would become a handler's stdin, stdout or
 * stderr. */
static void open_standard_fds(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close_fd(&fd);
}

int guardian_fork(int *fd, int *pid, struct error *err)
{
	int pair[2], size = SOCKET_BUFFER;
	open_standard_fds();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set_errno(err, ERROR_BUG, errno,
		                       "the guardian cannot be started, for lack of a socket");
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	/* If the guardian dies before us, its orphans must not escape to init while we still live.
	 */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t child = fork();
	if (child < 0) {
		int errnum = errno;
		close(pair[0]);
		close(pair[1]);
		return error_set_errno(err, ERROR_BUG, errnum, "the guardian cannot be started");
	}
	if (child == 0) {
		close(pair[0]);
		guardian_process(pair[1]);
	}
	close(pair[1]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	*fd = pair[0];
	*pid = child;
	return 0;
}

/* ---- sending ---- */

static void packet_free(struct packet *p)
{
	list_remove(&p->link);
	for (int i = 0; i < GUARDIAN_FDS; i++)
		close_fd(&p->fds[i]);
	buf_finish(&p->bytes);
	free(p);
}

static void child_free(struct child *c)
{
	list_remove(&c->link);
	free(c);
}

static struct child *find_child(struct guardian *g, uint64_t id)
{
	for (struct list *l = g->children.next; l != &g->children; l = l->next)
		if (list_item(l, struct child, link)->id == id)
			return list_item(l, struct child, link);
	return NULL;
}

static void child_failed(struct child *c, int errnum)
{
	if (c->events)
		c->events->failed(c->data, errnum);
	child_free(c);
}

static uint32_t count_fds(const int *fds)
{
	uint32_t count = 0;
	while (count < GUARDIAN_FDS && fds[count] >= 0)
		count++;
	return count;
}

/* Returns 0 when sent, EAGAIN to try later, or the errno for which the packet can never be sent. */
static int send_packet(const struct guardian *g, const struct packet *p)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(GUARDIAN_FDS * sizeof(int))];
	} control = {0};
	struct iovec part = {p->bytes.data, p->bytes.len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (p->fds[0] >= 0) {
		message.msg_control = &control;
		size_t count = count_fds(p->fds);
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof *p->fds);
		memcpy(CMSG_DATA(c), p->fds, count * sizeof *p->fds);
	}
	ssize_t n;
	do
		n = sendmsg(g->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? errno : 0;
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void send_unsent(struct guardian *g)
{
	while (!list_empty(&g->unsent) && !g->lost) {
		struct packet *p = list_item(g->unsent.next, struct packet, link);
		int errnum = send_packet(g, p);
		if (errnum == EAGAIN || errnum == ENOBUFS || errnum == ETOOMANYREFS)
			break;
		struct child *c = errnum ? p->child : NULL;
		packet_free(p);
		if (c)
			child_failed(c, errnum == EMSGSIZE ? E2BIG : errnum);
	}
	if (!g->lost)
		uv_poll_start(&g->poll,
		              list_empty(&g->unsent) ? UV_READABLE : UV_READABLE | UV_WRITABLE,
		              on_ready);
}

/* ---- receiving ---- */

static void on_exited(struct child *c, const struct guardian_reply *r)
{
	const struct child_exit e = {
	    .status = r->number,
	    .cpu_user_us = r->cpu_user_us,
	    .cpu_system_us = r->cpu_system_us,
	    .max_rss_kib = r->max_rss_kib,
	    .for_memory = r->for_memory,
	    .leftovers = r->leftovers,
	};
	bool last = !r->leftovers && !c->kill_asked;
	if (!c->events && r->leftovers)
		child_kill_tree(c); /* nobody else would: the owner has abandoned it */
	if (c->events)
		c->events->exited(c->data, &e);
	if (last)
		child_free(c);
}

static void on_reply(struct guardian *g, const struct guardian_reply *r)
{
	struct child *c = find_child(g, r->id);
	if (!c)
		return; /* a GUARDIAN_GONE after a failed start */
	switch (r->kind) {
	case GUARDIAN_STARTED:
		if (c->events && c->events->started)
			c->events->started(c->data, r->number);
		break;
	case GUARDIAN_FAILED:
		child_failed(c, r->number);
		break;
	case GUARDIAN_EXITED:
		on_exited(c, r);
		break;
	case GUARDIAN_GONE:
		if (c->events)
			c->events->gone(c->data);
		child_free(c);
		break;
	default:
		break;
	}
}

static void lose(struct guardian *g)
{
	if (g->lost)
		return;
	g->lost = true;
	uv_poll_stop(&g->poll);
	g->gone(g->data);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct guardian *g = poll->data;
	(void)status;
	(void)events;
	for (;;) {
		struct guardian_reply r;
		ssize_t n = recv(g->fd, &r, sizeof r, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			lose(g);
			return;
		}
		if (n == sizeof r)
			on_reply(g, &r);
	}
	send_unsent(g);
}

/* ---- the worker's calls ---- */

struct guardian *guardian_open(uv_loop_t *loop, int fd, int pid, void (*gone)(void *data),
                               void *data)
{
	struct guardian *g = xcalloc(1, sizeof *g);
	*g = (struct guardian){.fd = fd, .pid = pid, .gone = gone, .data = data};
	list_init(&g->unsent);
	list_init(&g->children);
	uv_poll_init(loop, &g->poll, fd);
	g->poll.data = g;
	uv_poll_start(&g->poll, UV_READABLE, on_ready);
	return g;
}

static void on_poll_closed(uv_handle_t *poll)
{
	struct guardian *g = poll->data;
	g->closed = true;
}

void guardian_stop(struct guardian *g)
{
	uv_poll_stop(&g->poll);
	g->lost = true;
	close_fd(&g->fd);
	uv_close((uv_handle_t *)&g->poll, on_poll_closed);
}

void guardian_wait(struct guardian *g, int64_t ms)
{
	int64_t until_ms = clock_monotonic_ms() + ms;
	while (waitpid(g->pid, NULL, WNOHANG) == 0 && clock_monotonic_ms() < until_ms)
		poll(NULL, 0, 5);
	/* Normally nothing is left. After a kill of the guardian, the processes that it would have
	 * killed are our children now. */
	tree_kill_all(until_ms);
}

void guardian_destroy(struct guardian *g)
{
	if (!g)
		return;
	assert(g->closed);
	while (!list_empty(&g->unsent))
		packet_free(list_item(g->unsent.next, struct packet, link));
	while (!list_empty(&g->children))
		child_free(list_item(g->children.next, struct child, link));
	free(g);
}

static void queue_packet(struct guardian *g, const struct guardian_request *r,
                         const struct spawn *s, struct child *spawned)
{
	struct packet *p = xcalloc(1, sizeof *p);
	*p = (struct packet){.fds = {-1, -1, -1, -1, -1}, .child = spawned};
	buf_append(&p->bytes, r, sizeof *r);
	if (s) {
		memcpy(p->fds, s->fds, sizeof p->fds);
		buf_append(&p->bytes, s->program, strlen(s->program) + 1);
		for (size_t i = 0; s->arguments[i]; i++)
			buf_append(&p->bytes, s->arguments[i], strlen(s->arguments[i]) + 1);
		for (size_t i = 0; s->environment[i]; i++)
			buf_append(&p->bytes, s->environment[i], strlen(s->environment[i]) + 1);
	}
	list_append(&g->unsent, &p->link);
}

static uint32_t count_texts(char *const *texts)
{
	uint32_t n = 0;
	while (texts[n])
		n++;
	return n;
}

/* Sends from the next turn of the loop, so that failed() never runs inside the caller's start. */
static void send_soon(struct guardian *g)
{
	if (!g->lost)
		uv_poll_start(&g->poll, UV_READABLE | UV_WRITABLE, on_ready);
}

struct child *guardian_spawn(struct guardian *g, const struct spawn *s,
                             const struct child_events *events, void *data)
{
	struct child *c = xcalloc(1, sizeof *c);
	*c = (struct child){.id = ++g->last_id, .guardian = g, .events = events, .data = data};
	list_append(&g->children, &c->link);
	struct guardian_request r = {
	    .id = c->id,
	    .verb = GUARDIAN_SPAWN,
	    .argument_count = count_texts(s->arguments),
	    .environment_count = count_texts(s->environment),
	    .fd_count = count_fds(s->fds),
	    .tell_pid = events->started != NULL,
	    .limits = s->limits ? *s->limits : spawn_unlimited,
	};
	strncpy(r.token, s->token, sizeof r.token - 1);
	queue_packet(g, &r, s, c);
	struct packet *p = list_item(g->unsent.prev, struct packet, link);
	if (p->bytes.len > GUARDIAN_PACKET_MAX) {
		buf_clear(&p->bytes); /* The guardian could not read so much. An empty request makes
		                         it reply that the start failed. */
		r.argument_count = r.environment_count = 0;
		buf_append(&p->bytes, &r, sizeof r);
	}
	send_soon(g);
	return c;
}

static void ask(struct child *c, enum guardian_verb verb, int signal)
{
	const struct guardian_request r = {.id = c->id, .verb = verb, .signal = signal};
	queue_packet(c->guardian, &r, NULL, NULL);
	send_soon(c->guardian);
}

void child_signal_tree(struct child *c, int signal)
{
	ask(c, GUARDIAN_SIGNAL, signal);
}

void child_kill_tree(struct child *c)
{
	if (!c->kill_asked)
		ask(c, GUARDIAN_KILL_TREE, 0);
	c->kill_asked = true;
}

void child_abandon(struct child *c)
{
	c->events = NULL;
}
