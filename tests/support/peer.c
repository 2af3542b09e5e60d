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

#include "common/memory.h"

enum { PAIRS = 32, TICK_MS = 20, CHUNK = 16384 };

struct way {
	int from, to;
	int64_t left; /* bytes until the fault; -1: no fault */
};

struct pair {
	int client, broker; /* -1: none */
	struct way up, down;
	bool ruled;
};

struct peer {
	int listener, broker_port;
	struct peer_rule rule;
	char url[256];
	pthread_t thread;
	atomic_bool stop;
	atomic_uint accepted;
	struct pair pairs[PAIRS];
	size_t count;
};

static struct sockaddr_in local(int port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
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
	p->up.from = p->down.from = -1;
}

static void accept_one(struct peer *p)
{
	int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
	if (client < 0 || p->count == PAIRS)
		abort();
	struct pair *pair = &p->pairs[p->count++];
	unsigned number = atomic_fetch_add(&p->accepted, 1);
	*pair = (struct pair){.client = client, .broker = -1, .up.from = -1, .down.from = -1};
	pair->ruled = number < p->rule.connections;
	if (pair->ruled && p->rule.say) {
		if (write(client, p->rule.say, p->rule.say_len) < 0)
			close_fd(&pair->client);
		return;
	}
	pair->broker = connect_to(p->broker_port);
	pair->up = (struct way){client, pair->broker, pair->ruled ? p->rule.up_bytes : -1};
	pair->down = (struct way){pair->broker, client, pair->ruled ? p->rule.down_bytes : -1};
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

/* Bytes that are no frame wherever one begins. */
static void babble(const struct pair *pair)
{
	char garbage[512];
	memset(garbage, 0xd7, sizeof garbage);
	write_all(pair->client, garbage, sizeof garbage);
}

static void forward(const struct peer *p, struct pair *pair, struct way *w)
{
	char data[CHUNK];
	size_t room = w->left >= 0 && w->left < CHUNK ? (size_t)w->left : CHUNK;
	ssize_t n = room ? read(w->from, data, room) : 1;
	if (room && (n <= 0 || !write_all(w->to, data, (size_t)n))) {
		end_pair(pair, false);
		return;
	}
	if (w->left >= 0)
		w->left -= room ? n : 0;
	if (w->left != 0)
		return;
	if (p->rule.end == PEER_RESET) {
		end_pair(pair, true);
		return;
	}
	if (p->rule.end == PEER_BABBLE)
		babble(pair);
	pair->up.from = pair->down.from = -1;
}

static void *peer_main(void *data)
{
	struct peer *p = data;
	while (!atomic_load(&p->stop)) {
		struct pollfd fds[1 + 2 * PAIRS] = {{.fd = p->listener, .events = POLLIN}};
		size_t count = p->count;
		for (size_t i = 0; i < count; i++) {
			fds[1 + 2 * i] = (struct pollfd){.fd = p->pairs[i].up.from, .events = POLLIN};
			fds[2 + 2 * i] = (struct pollfd){.fd = p->pairs[i].down.from, .events = POLLIN};
		}
		poll(fds, 1 + 2 * count, TICK_MS);
		for (size_t i = 0; i < count; i++) {
			struct pair *pair = &p->pairs[i];
			if (fds[1 + 2 * i].revents && pair->up.from >= 0)
				forward(p, pair, &pair->up);
			if (fds[2 + 2 * i].revents && pair->down.from >= 0)
				forward(p, pair, &pair->down);
		}
		if (fds[0].revents)
			accept_one(p);
	}
	return NULL;
}

struct peer *peer_start(const char *url, struct peer_rule rule)
{
	struct peer *p = xcalloc(1, sizeof *p);
	const char *colon = strrchr(url, ':');
	struct sockaddr_in a = local(0);
	socklen_t len = sizeof a;
	p->rule = rule;
	p->broker_port = atoi(colon + 1);
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(p->listener, (struct sockaddr *)&a, len) < 0 || listen(p->listener, 16) < 0 ||
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

void peer_stop(struct peer *p)
{
	atomic_store(&p->stop, true);
	pthread_join(p->thread, NULL);
	for (size_t i = 0; i < p->count; i++)
		end_pair(&p->pairs[i], false);
	close_fd(&p->listener);
	free(p);
}
