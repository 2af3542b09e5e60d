/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests names with several addresses of which the first is dead, and names whose look-up hangs.
 * /etc/hosts and /etc/resolv.conf are replaced in a mount namespace of the test's own. Where that
 * is not allowed, all is skipped.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/amqp/dial.h"
#include "common/base/memory.h"
#include "tests/support/peer.h"
#include "tests/support/support.h"

enum { SKIPPED = 77, DNS_PORT = 53, FILLING = 4 };

static const struct peer_rule no_rule = {.up_bytes = -1, .down_bytes = -1};

static bool own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void replace(const char *path, const char *text)
{
	const char *copy = support_path(strrchr(path, '/') + 1);
	FILE *f = fopen(copy, "we");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(chmod(copy, 0644), 0);
	ck_assert_msg(mount(copy, path, NULL, MS_BIND, NULL) == 0, "%s", path);
}

static struct sockaddr_in loopback(unsigned number, int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	                            .sin_port = htons((uint16_t)port),
	                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + number)};
}

static bool first_is(const char *name, unsigned number)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	ck_assert_int_eq(getaddrinfo(name, NULL, &hints, &found), 0);
	ck_assert_ptr_nonnull(found->ai_next);
	const struct sockaddr_in *a = (const struct sockaddr_in *)found->ai_addr;
	bool it_is = found->ai_family == AF_INET &&
	             ntohl(a->sin_addr.s_addr) == INADDR_LOOPBACK - 1 + number;
	freeaddrinfo(found);
	return it_is;
}

/*
 * Makes 127.0.0.NUMBER:port refuse, or, when silent, drop every SYN because its queue of
 * connections is full and nobody accepts.
 */
static void make_dead(unsigned number, int port, bool silent)
{
	struct sockaddr_in a = loopback(number, port);
	if (!silent)
		return;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(fd, 0), 0);
	for (int i = 0; i < FILLING; i++) {
		int filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(filler, (struct sockaddr *)&a, sizeof a);
	}
}

static const struct {
	const char *name;
	bool silent;
} dead[] = {{"refuses", false}, {"swallows everything", true}};

START_TEST(a_dead_first_address_costs_a_moment)
{
	cleanup_free char *q = xstrdup(support_queue(support_url()));
	ck_assert(own_mounts());
	/* The resolver chooses which of two comes first, and the dead one takes that place. */
	replace("/etc/hosts", "127.0.0.2 broker.test\n127.0.0.1 broker.test\n");
	unsigned dead_number = first_is("broker.test", 1) ? 1 : 2, live_number = 3 - dead_number;
	ck_assert(first_is("broker.test", dead_number));
	struct peer *p = peer_start_at(live_number, 0, support_url(), no_rule);
	int port = atoi(strrchr(peer_url(p), ':') + 1);
	make_dead(dead_number, port, dead[_i].silent);
	cleanup_free char *url = xprintf("amqp://guest:guest@broker.test:%d", port);
	setenv("WARREN_CONNECT_TIMEOUT", "3s", 1);
	int64_t begun = support_now();
	struct result r = support_producer(url, NULL, "send", "t", "1", "-q", q);
	ck_assert_msg(r.code == 0, "%s", r.err);
	printf("the first address %s: sent after %.1f s\n", dead[_i].name,
	       (double)(support_now() - begun) / 1000);
	support_result_free(&r);
	struct process w = support_worker(url, "-q", q, "--once", "--", "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	peer_stop(p);
}
END_TEST

START_TEST(an_address_is_chosen_for_tls_too)
{
	char address[DIAL_ADDRESS_SIZE];
	struct error err = {0};
	ck_assert(own_mounts());
	replace("/etc/hosts",
	        "127.0.0.2 broker.test\n127.0.0.1 broker.test\n127.0.0.9 alone.test\n");
	unsigned dead_number = first_is("broker.test", 1) ? 1 : 2;
	struct peer *p = peer_start_at(3 - dead_number, 0, support_url(), no_rule);
	int port = atoi(strrchr(peer_url(p), ':') + 1);
	make_dead(dead_number, port, true);
	ck_assert_msg(dial_choose("broker.test", port, 3000, address, &err) == 0, "%s", err.text);
	ck_assert_str_eq(address, dead_number == 1 ? "127.0.0.2" : "127.0.0.1");
	ck_assert_int_eq(dial_choose("alone.test", port, 3000, address, &err), 0);
	ck_assert_str_eq(address, "127.0.0.9");
	ck_assert_int_eq(dial_choose("127.0.0.8", port, 3000, address, &err), 0);
	ck_assert_str_eq(address, "127.0.0.8");
	peer_stop(p);
}
END_TEST

START_TEST(all_addresses_dead_ends_within_the_time)
{
	ck_assert(own_mounts());
	replace("/etc/hosts", "127.0.0.2 broker.test\n127.0.0.1 broker.test\n");
	struct peer *p =
	    peer_start_at(3, 0, support_url(), no_rule); /* has a port that is free elsewhere */
	int port = atoi(strrchr(peer_url(p), ':') + 1);
	make_dead(1, port, true);
	make_dead(2, port, true);
	cleanup_free char *url = xprintf("amqp://guest:guest@broker.test:%d", port);
	setenv("WARREN_CONNECT_TIMEOUT", "1s", 1);
	struct result r = support_producer(url, NULL, "ping");
	ck_assert_msg(r.code == 69 && strstr(r.err, "broker.test") && strstr(r.err, "timed out"),
	              "exit %d: %s", r.code, r.err);
	support_result_free(&r);
	peer_stop(p);
}
END_TEST

/*
 * These are more than are tried at once, so those that are left have no moment at which they are
 * due.
 */
START_TEST(twenty_addresses_dead_end_within_the_time)
{
	enum { ADDRESSES = 20, TIMEOUT_MS = 6000 };
	char hosts[ADDRESSES * 32] = "";
	struct error err = {0};
	ck_assert(own_mounts());
	struct peer *p =
	    peer_start_at(30, 0, support_url(), no_rule); /* has a port that is free elsewhere */
	int port = atoi(strrchr(peer_url(p), ':') + 1);
	for (unsigned i = 1; i <= ADDRESSES; i++) {
		size_t len = strlen(hosts);
		snprintf(hosts + len, sizeof hosts - len, "127.0.0.%u many.test\n", i);
		make_dead(i, port, true);
	}
	replace("/etc/hosts", hosts);
	int64_t begun = support_now();
	ck_assert_int_eq(dial("many.test", port, TIMEOUT_MS, &err), -1);
	ck_assert_msg(strstr(err.text, "timed out"), "%s", err.text);
	ck_assert_int_lt(support_now() - begun, 10 * TIMEOUT_MS);
	peer_stop(p);
}
END_TEST

/* Sets a name server that never answers. */
static void hang_look_ups(void)
{
	struct sockaddr_in a = loopback(254, DNS_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	replace("/etc/resolv.conf", "nameserver 127.0.0.254\noptions timeout:30 attempts:5\n");
	replace("/etc/nsswitch.conf", "hosts: files dns\npasswd: files\ngroup: files\n");
}

START_TEST(a_look_up_that_hangs_ends_within_the_time)
{
	ck_assert(own_mounts());
	hang_look_ups();
	setenv("WARREN_CONNECT_TIMEOUT", "1s", 1);
	int64_t begun = support_now();
	struct result r =
	    support_producer("amqp://guest:guest@hangs.test:5672", NULL, "send", "t", "1");
	ck_assert_msg(r.code == 69 && strstr(r.err, "the look-up of 'hangs.test' takes too long"),
	              "exit %d: %s", r.code, r.err);
	printf("a look-up that hangs: exit after %.1f s\n", (double)(support_now() - begun) / 1000);
	support_result_free(&r);
	struct process w =
	    support_worker("amqp://guest:guest@hangs.test:5672", "-q", "any", "--", "/bin/true");
	support_wait_log(&w, "takes too long");
	int64_t told = support_now();
	ck_assert_int_eq(support_terminate(&w), 0);
	printf("a worker in such a look-up: exit after %.1f s\n",
	       (double)(support_now() - told) / 1000);
}
END_TEST

static Suite *address_suite(void)
{
	Suite *s = suite_create("address");
	TCase *c = tcase_create("address");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, a_dead_first_address_costs_a_moment, 0,
	                    (int)(sizeof dead / sizeof *dead));
	tcase_add_test(c, an_address_is_chosen_for_tls_too);
	tcase_add_test(c, all_addresses_dead_ends_within_the_time);
	tcase_add_test(c, twenty_addresses_dead_end_within_the_time);
	tcase_add_test(c, a_look_up_that_hangs_ends_within_the_time);
	suite_add_tcase(s, c);
	return s;
}

static bool mounts_are_allowed(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(own_mounts() ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void)
{
	if (!mounts_are_allowed()) {
		puts("skipped: a mount namespace of our own is not allowed here (it takes root)");
		return SKIPPED;
	}
	return support_main(address_suite());
}
