/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/memory.h"

enum { PAIRS = 256, TICK_MS = 20, CHUNK = 16384, BUFFER = 65536, FRAME_HEAD = 7 };

struct way {
	int from, to;
	int64_t left; /* bytes until the fault; -1 for no fault */
};

struct pair {
	int client, broker; /* -1: none */
	struct way up, down;
	struct peer_rule rule;
	struct buf held; /* an incomplete frame from the broker; only with rule.answer */
};

struct peer {
	int listener, broker_port;
	char url[256];
	pthread_t thread;
	atomic_bool stop, cut;
	_Atomic enum peer_mode mode;
	atomic_uint accepted;
	pthread_mutex_t lock;
	struct peer_rule rule; /* under the lock */
	unsigned ruled;        /* under the lock: how many connections the rule has met */
	struct pair pairs[PAIRS];
	/* How many are in use, without those that ended before the first that has not. */
	size_t count;
};

static struct sockaddr_in local(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	                            .sin_port = htons((uint16_t)port),
	                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_to(int port)
{
	struct sockaddr_in a = local(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		abort();
	return fd;
}

static void end_pair(struct pair *p, bool reset)
{
	const struct linger at_once = {.l_onoff = reset, .l_linger = 0};
	if (p->client >= 0)
		setsockopt(p->client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close_fd(&p->client);
	close_fd(&p->broker);
	buf_finish(&p->held);
	p->up.from = p->down.from = -1;
}

static struct peer_rule rule_of_next(struct peer *p)
{
	struct peer_rule none = {.up_bytes = -1, .down_bytes = -1}, rule;
	pthread_mutex_lock(&p->lock);
	rule = p->ruled < p->rule.connections ? p->rule : none;
	p->ruled += p->ruled < p->rule.connections;
	pthread_mutex_unlock(&p->lock);
	return rule;
}

static struct pair *free_pair(struct peer *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->pairs[i].client < 0 && p->pairs[i].broker < 0)
			return &p->pairs[i];
	if (p->count == PAIRS)
		abort();
	return &p->pairs[p->count++];
}

static void accept_one(struct peer *p)
{
	int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
	if (client < 0)
		abort();
	struct pair *pair = free_pair(p);
	struct peer_rule rule = rule_of_next(p);
	*pair = (struct pair){
	    .client = client, .broker = -1, .up.from = -1, .down.from = -1, .rule = rule};
	atomic_fetch_add(&p->accepted, 1);
	if (rule.say) {
		if (write(client, rule.say, rule.say_len) < 0)
			close_fd(&pair->client);
		return;
	}
	pair->broker = connect_to(p->broker_port);
	pair->up = (struct way){client, pair->broker, rule.up_bytes};
	pair->down = (struct way){pair->broker, client, rule.down_bytes};
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Sends bytes that are no frame, wherever one begins. */
static void babble(const struct pair *pair)
{
	char garbage[512];
	memset(garbage, 0xd7, sizeof garbage);
	write_all(pair->client, garbage, sizeof garbage);
}

static void do_fault(struct pair *pair)
{
	if (pair->rule.end == PEER_RESET) {
		end_pair(pair, true);
		return;
	}
	if (pair->rule.end == PEER_BABBLE)
		babble(pair);
	pair->up.from = pair->down.from = -1;
}

static uint32_t number_at(const struct buf *b, size_t at, size_t size)
{
	uint32_t n = 0;
	for (size_t i = 0; i < size; i++)
		n = n << 8 | (unsigned char)b->data[at + i];
	return n;
}

/*
 * Forwards whole frames up to the answer that the rule names. Returns false if it has come or the
 * client is gone.
 */
static bool forward_frames(struct pair *pair)
{
	enum { METHOD = 1, FRAME_END = 1 };
	struct buf *held = &pair->held;
	size_t done = 0;
	bool met = false;
	while (!met && held->len - done >= FRAME_HEAD) {
		size_t size = number_at(held, done + 3, 4) + FRAME_HEAD + FRAME_END;
		if (held->len - done < size)
			break;
		met = held->data[done] == METHOD &&
		      number_at(held, done + FRAME_HEAD, 4) == pair->rule.answer;
		done += met ? 0 : size;
	}
	bool written = write_all(pair->client, held->data, done);
	memmove(held->data, held->data + done, held->len - done);
	held->len -= done;
	return written && !met;
}

static void forward(struct pair *pair, struct way *w)
{
	char data[CHUNK];
	size_t room = w->left >= 0 && w->left < CHUNK ? (size_t)w->left : CHUNK;
	ssize_t n = room ? read(w->from, data, room) : 1;
	bool by_frames = pair->rule.answer && w == &pair->down;
	if (room && (n <= 0 || (!by_frames && !write_all(w->to, data, (size_t)n)))) {
		end_pair(pair, false);
		return;
	}
	if (by_frames && room)
		buf_append(&pair->held, data, (size_t)n);
	if (w->left >= 0)
		w->left -= room ? n : 0;
	if (w->left == 0 || (by_frames && !forward_frames(pair)))
		do_fault(pair);
}

static void do_cut(struct peer *p)
{
	if (!atomic_load(&p->cut))
		return;
	for (size_t i = 0; i < p->count; i++)
		end_pair(&p->pairs[i], true);
	atomic_store(&p->cut, false);
}

static void *peer_main(void *data)
{
	struct peer *p = data;
	while (!atomic_load(&p->stop)) {
		struct pollfd fds[1 + 2 * PAIRS] = {{.fd = p->listener, .events = POLLIN}};
		size_t count = p->count;
		enum peer_mode mode = atomic_load(&p->mode);
		bool up = mode == PEER_FORWARDS || mode == PEER_MUTE,
		     down = mode == PEER_FORWARDS || mode == PEER_DEAF;
		for (size_t i = 0; i < count; i++) {
			fds[1 + 2 * i] =
			    (struct pollfd){.fd = up ? p->pairs[i].up.from : -1, .events = POLLIN};
			fds[2 + 2 * i] = (struct pollfd){.fd = down ? p->pairs[i].down.from : -1,
			                                 .events = POLLIN};
		}
		poll(fds, 1 + 2 * count, TICK_MS);
		for (size_t i = 0; i < count; i++) {
			struct pair *pair = &p->pairs[i];
			if (fds[1 + 2 * i].revents && pair->up.from >= 0)
				forward(pair, &pair->up);
			if (fds[2 + 2 * i].revents && pair->down.from >= 0)
				forward(pair, &pair->down);
		}
		do_cut(p);
		if (fds[0].revents)
			accept_one(p);
	}
	return NULL;
}

struct peer *peer_start(const char *url, struct peer_rule rule)
{
	return peer_start_at(1, 0, url, rule);
}

struct peer *peer_start_at(unsigned number, int port, const char *url, struct peer_rule rule)
{
	struct peer *p = xcalloc(1, sizeof *p);
	const char *colon = strrchr(url, ':');
	struct sockaddr_in a = local(port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + number);
	socklen_t len = sizeof a;
	int buffer = BUFFER; /* limits what a deaf peer takes in all the same */
	p->rule = rule;
	pthread_mutex_init(&p->lock, NULL);
	p->broker_port = atoi(colon + 1);
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(p->listener, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	if (bind(p->listener, (struct sockaddr *)&a, len) < 0 || listen(p->listener, 64) < 0 ||
	    getsockname(p->listener, (struct sockaddr *)&a, &len) < 0)
		abort();
	snprintf(p->url, sizeof p->url, "%.*s:%d", (int)(colon - url), url, ntohs(a.sin_port));
	if (pthread_create(&p->thread, NULL, peer_main, p) != 0)
		abort();
	return p;
}

const char *peer_url(const struct peer *p)
{
	return p->url;
}

unsigned peer_connections(struct peer *p)
{
	return atomic_load(&p->accepted);
}

void peer_be(struct peer *p, enum peer_mode mode)
{
	atomic_store(&p->mode, mode);
}

void peer_rule(struct peer *p, struct peer_rule rule)
{
	pthread_mutex_lock(&p->lock);
	p->rule = rule;
	p->ruled = 0;
	pthread_mutex_unlock(&p->lock);
}

/* Returns when it is done, so that later connections are not cut. */
void peer_cut(struct peer *p)
{
	atomic_store(&p->cut, true);
	while (atomic_load(&p->cut))
		poll(NULL, 0, 1);
}

void peer_stop(struct peer *p)
{
	atomic_store(&p->stop, true);
	pthread_join(p->thread, NULL);
	for (size_t i = 0; i < p->count; i++)
		end_pair(&p->pairs[i], false);
	close_fd(&p->listener);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
