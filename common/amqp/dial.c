/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/memory.h"

enum {
	ADDRESSES_MAX = 16,
	/* An address that has not answered after so long gets the next one as a rival. */
	NEXT_MS = 250,
	LOOKUP_STACK = 1024 * 1024,
};

/* ---- looking up ---- */

/*
 * A look-up in a thread, because getaddrinfo has no time limit. The caller and the thread share it,
 * and the last of them frees it.
 */
struct lookup {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done, abandoned;
	int rc;
	struct addrinfo *found;
	char *host, port[16];
};

static void lookup_free(struct lookup *k)
{
	if (k->found)
		freeaddrinfo(k->found);
	pthread_cond_destroy(&k->ended);
	pthread_mutex_destroy(&k->lock);
	free(k->host);
	free(k);
}

static int resolve(const struct lookup *k, int flags, struct addrinfo **found)
{
	const struct addrinfo hints = {
	    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
	return getaddrinfo(k->host, k->port, &hints, found);
}

static void *lookup_main(void *data)
{
	struct lookup *k = data;
	struct addrinfo *found = NULL;
	int rc = resolve(k, 0, &found);
	pthread_mutex_lock(&k->lock);
	k->rc = rc;
	k->found = found;
	k->done = true;
	bool abandoned = k->abandoned;
	pthread_cond_signal(&k->ended);
	pthread_mutex_unlock(&k->lock);
	if (abandoned)
		lookup_free(k);
	return NULL;
}

static struct lookup *lookup_create(const char *host, int port)
{
	struct lookup *k = xcalloc(1, sizeof *k);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->ended, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&k->lock, NULL);
	k->host = xstrdup(host);
	snprintf(k->port, sizeof k->port, "%d", port);
	return k;
}

static int start_lookup(struct lookup *k)
{
	sigset_t all, old;
	pthread_t thread;
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, LOOKUP_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&thread, &attr, lookup_main, k);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

/* Returns false if the look-up did not end in time and is left to its thread. */
static bool await_lookup(struct lookup *k, int64_t until_ms)
{
	const struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
	pthread_mutex_lock(&k->lock);
	while (!k->done && pthread_cond_timedwait(&k->ended, &k->lock, &until) == 0)
		;
	bool done = k->done;
	k->abandoned = !done;
	pthread_mutex_unlock(&k->lock);
	return done;
}

/* Returns the addresses, which the caller frees, or NULL with err filled. */
static struct addrinfo *look_up(const char *host, int port, int64_t until_ms, struct error *err)
{
	struct lookup *k = lookup_create(host, port);
	int rc = 0;
	k->rc = resolve(k, AI_NUMERICHOST, &k->found);
	if (k->rc == EAI_NONAME) {
		rc = start_lookup(k);
		if (rc == 0 && !await_lookup(k, until_ms)) {
			error_set(err, ERROR_UNAVAILABLE,
			          "cannot connect: the look-up of '%.100s' takes too long", host);
			return NULL;
		}
	}
	struct addrinfo *found = steal_ptr(k->found);
	if (rc != 0)
		error_set_errno(err, ERROR_BUG, rc, "the look-up's thread cannot be started");
	else if (k->rc != 0)
		error_set(err, ERROR_UNAVAILABLE,
		          "cannot connect: the look-up of '%.100s' failed: %s", host,
		          gai_strerror(k->rc));
	lookup_free(k);
	return found;
}

/* ---- connecting ---- */

/* The attempts of one call, all connecting at the same time. */
struct attempts {
	struct pollfd fds[ADDRESSES_MAX];
	const struct addrinfo *addresses[ADDRESSES_MAX];
	size_t count, open;
	int last_errno;
};

static void set_options(int fd)
{
	const int yes = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
}

static void begin_attempt(struct attempts *t, const struct addrinfo *a)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS) {
		t->last_errno = errno;
		close_fd(&fd);
	} else if (fd < 0) {
		t->last_errno = errno;
	}
	t->fds[t->count] = (struct pollfd){.fd = fd, .events = POLLOUT};
	t->addresses[t->count++] = a;
	t->open += fd >= 0;
}

/* Returns the index of an attempt that has succeeded, or -1. Closes those that have failed. */
static int look_at_attempts(struct attempts *t)
{
	for (size_t i = 0; i < t->count; i++) {
		int problem = 0;
		socklen_t len = sizeof problem;
		if (t->fds[i].fd < 0 || !t->fds[i].revents)
			continue;
		getsockopt(t->fds[i].fd, SOL_SOCKET, SO_ERROR, &problem, &len);
		if (problem == 0)
			return (int)i;
		t->last_errno = problem;
		t->open--;
		close_fd(&t->fds[i].fd);
	}
	return -1;
}

/*
 * Tries the next address when the one before has failed or kept silent for a moment. The first that
 * answers wins.
 */
static int race(struct attempts *t, const struct addrinfo *next, int64_t until_ms)
{
	int64_t now_ms, next_at_ms = 0;
	while ((now_ms = clock_monotonic_ms()) < until_ms) {
		if (next && (t->open == 0 || now_ms >= next_at_ms)) {
			begin_attempt(t, next);
			next = t->count < ADDRESSES_MAX ? next->ai_next : NULL;
			next_at_ms = now_ms + NEXT_MS;
			continue;
		}
		if (t->open == 0)
			return -1;
		int64_t wake_ms = next && next_at_ms < until_ms ? next_at_ms : until_ms;
		poll(t->fds, t->count, (int)(wake_ms - now_ms));
		int winner = look_at_attempts(t);
		if (winner >= 0)
			return winner;
	}
	t->last_errno = ETIMEDOUT;
	return -1;
}

/* Returns the socket that answered first, and puts its address into *winner. */
static int connect_any(const struct addrinfo *found, int64_t until_ms,
                       const struct addrinfo **winner, struct error *err)
{
	struct attempts t = {.last_errno = ETIMEDOUT};
	int number = race(&t, found, until_ms), fd = -1;
	if (number >= 0) {
		*winner = t.addresses[number];
		fd = t.fds[number].fd;
		t.fds[number].fd = -1;
		set_options(fd);
	} else {
		error_set_errno(err, ERROR_UNAVAILABLE, t.last_errno, "cannot connect");
	}
	for (size_t i = 0; i < t.count; i++)
		close_fd(&t.fds[i].fd);
	return fd;
}

int dial(const char *host, int port, int timeout_ms, struct error *err)
{
	int64_t until_ms = clock_monotonic_ms() + timeout_ms;
	const struct addrinfo *winner;
	struct addrinfo *found = look_up(host, port, until_ms, err);
	if (!found)
		return -1;
	int fd = connect_any(found, until_ms, &winner, err);
	freeaddrinfo(found);
	return fd;
}

int dial_choose(const char *host, int port, int timeout_ms, char address[static DIAL_ADDRESS_SIZE],
                struct error *err)
{
	int64_t until_ms = clock_monotonic_ms() + timeout_ms;
	struct addrinfo *found = look_up(host, port, until_ms, err);
	if (!found)
		return -1;
	const struct addrinfo *winner = found;
	int fd = found->ai_next ? connect_any(found, until_ms, &winner, err) : -1;
	bool chosen = fd >= 0 || !found->ai_next;
	if (chosen)
		getnameinfo(winner->ai_addr, winner->ai_addrlen, address, DIAL_ADDRESS_SIZE, NULL,
		            0, NI_NUMERICHOST);
	close_fd(&fd);
	freeaddrinfo(found);
	return chosen ? 0 : -1;
}
