/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests the users of scripts/users.sh. Each can do its part, by the real programs, and nothing
 * else, by AMQP itself.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "tests/support/support.h"

enum { AUTH = 77 };

/*
 * The queue "mine" has a dot in its name, and "other" differs from it in that byte only. A dot of a
 * regex would match both.
 */
enum user { SETUP, PRODUCER, BILLING, ASKER, WORKER, ANY_WORKER, OPERATOR, USERS };
static const char *const roles[USERS] = {"setup",  "producer", "producer", "producer",
                                         "worker", "worker",   "operator"};

/* Things that are made for all tests before Check forks. */
static struct {
	char mine[100], other[100];
	char names[USERS][100];
	const char *passwords; /* a folder */
} world;

static void make_users(const char *options, const char *specs)
{
	cleanup_free char *command =
	    xprintf("'%s/scripts/users.sh' --mgmt-url '%s' --out '%s' %s %s",
	            getenv("WARREN_SOURCE"), support_mgmt_url(), world.passwords, options, specs);
	ck_assert_int_eq(system(command), 0);
}

/* Makes the programs log in as that user from now on, or as before for USERS. */
static void become(enum user u)
{
	if (u == USERS) {
		unsetenv("WARREN_USER");
		unsetenv("WARREN_PASSWORD_FILE");
		return;
	}
	cleanup_free char *file = xprintf("%s/%s.password", world.passwords, world.names[u]);
	setenv("WARREN_USER", world.names[u], 1);
	setenv("WARREN_PASSWORD_FILE", file, 1);
}

static void make_world(void)
{
	cleanup_free char *base = xstrdup(support_queue(support_url()));
	snprintf(world.mine, sizeof world.mine, "%s.m", base);
	snprintf(world.other, sizeof world.other, "%s-m", base);
	world.passwords = support_path("users");
	for (int u = 0; u < USERS; u++)
		snprintf(world.names[u], sizeof world.names[u], "%s-%d", base, u);
	cleanup_free char *specs =
	    xprintf("setup=%s producer=%s producer=%s:%s worker=%s:%s worker=%s operator=%s:%s",
	            world.names[SETUP], world.names[PRODUCER], world.names[BILLING], world.mine,
	            world.names[WORKER], world.mine, world.names[ANY_WORKER], world.names[OPERATOR],
	            world.mine);
	cleanup_free char *asker = xprintf("producer=%s:%s", world.names[ASKER], world.mine);
	make_users("", specs);
	make_users("--wait", asker);
	become(SETUP);
	struct result r = support_producer(support_url(), NULL, "setup", world.mine, world.other);
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	become(USERS);
}

static void forget_users(void)
{
	for (int u = 0; u < USERS; u++) {
		cleanup_free char *command = xprintf("curl -sf -X DELETE '%s/api/users/%s'",
		                                     support_mgmt_url(), world.names[u]);
		ck_assert_int_eq(system(command), 0);
	}
}

/* Empties the queues for each test. */
static void empty_queues(void)
{
	struct error err = {0};
	const char *const names[] = {support_amqp(world.mine, ""), support_amqp(world.other, ""),
	                             support_amqp(world.mine, ".dead")};
	struct broker *b = support_connect(support_url());
	ck_assert_int_eq(broker_open_channel(b, 1, false, &err), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(broker_purge(b, 1, names[i], NULL, &err) == 0, "%s", err.text);
	broker_destroy(b, true);
}

/* ---- by the programs ---- */

static void assert_exit(struct result r, int code, const char *words)
{
	if (r.code != code || (words && !strstr(r.out, words) && !strstr(r.err, words)))
		ck_abort_msg("exit %d, not %d with '%s': %s%s", r.code, code, words ? words : "",
		             r.out, r.err);
	support_result_free(&r);
}

#define PRODUCER_RUN(...) support_producer(support_url(), NULL, __VA_ARGS__)

static struct result check_worker(const char *queue)
{
	return support_run(support_url(), NULL,
	                   (const char *const[]){getenv("WARREN_WORKER"), "check", "-q", queue,
	                                         "--", "/bin/true", NULL});
}

START_TEST(setup_can_declare_and_check)
{
	become(SETUP);
	assert_exit(PRODUCER_RUN("setup", world.mine), 0, "are in place");
	assert_exit(PRODUCER_RUN("setup", "--check", world.mine), 0, "exist");
	assert_exit(PRODUCER_RUN("setup", "--prefix", "other.v1", world.mine), AUTH, "other.v1");
}
END_TEST

START_TEST(a_producer_can_send_to_its_queues)
{
	become(PRODUCER);
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.other), 0, NULL);
	become(BILLING);
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.mine), 0, NULL);
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.mine, "--delay", "200ms"), 0, NULL);
	assert_exit(support_producer(support_url(), "1\n2\n", "batch", "t", "-q", world.mine), 0,
	            NULL);
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.other), AUTH, "ACCESS_REFUSED");
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.other, "--delay", "1s"), AUTH,
	            "ACCESS_REFUSED");
	assert_exit(support_producer(support_url(), "1\n", "batch", "t", "-q", world.other), AUTH,
	            "ACCESS_REFUSED");
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.mine, "--wait=20s"), AUTH,
	            "waiting for the result");
	/*
	 * The queue is empty, so nothing is read. But to look whether it is takes more permissions
	 * from 4.3 on.
	 */
	bool strict = support_server_is(support_url(), 4, 3);
	assert_exit(PRODUCER_RUN("dead", "list", "-q", world.mine), strict ? AUTH : 0,
	            strict ? "ACCESS_REFUSED" : NULL);
	assert_exit(PRODUCER_RUN("queue", "purge", world.mine, "--yes"), AUTH, "ACCESS_REFUSED");
	become(USERS);
	support_wait_depth(support_url(), support_amqp(world.mine, ""), 4);
	support_wait_depth(support_url(), support_amqp(world.other, ""), 1);
}
END_TEST

/* Tests a retry through the ring, a result and a dead letter, then the operator's part. */
START_TEST(a_worker_can_retry_answer_and_bury_and_an_operator_can_dig_up)
{
	const char *script =
	    support_script("handler.sh", "read -r a; [ \"$a\" = 2 ] && exit 65; [ \"$JOB_ATTEMPT\" "
	                                 "= 1 ] && exit 75; echo \"$a\"");
	become(WORKER);
	assert_exit(check_worker(world.mine), 0, NULL);
	assert_exit(check_worker(world.other), AUTH, "WRONG   may read");
	struct process worker = support_worker(support_url(), "-q", world.mine, "--", script);
	become(ASKER);
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.mine, "--wait=60s"), 0, "1\n");
	assert_exit(PRODUCER_RUN("send", "t", "2", "-q", world.mine, "--wait=60s"), 1,
	            "dead (rejected)");
	ck_assert_int_eq(support_terminate(&worker), 0);
	become(OPERATOR);
	assert_exit(PRODUCER_RUN("dead", "list", "-q", world.mine), 0, "rejected");
	assert_exit(PRODUCER_RUN("dead", "replay", "-q", world.mine), 0, "1 letters replayed");
	assert_exit(PRODUCER_RUN("dead", "list", "--unroutable"), 0, NULL);
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.other), AUTH, "ACCESS_REFUSED");
	become(USERS);
	support_wait_depth(support_url(), support_amqp(world.mine, ""), 1);
}
END_TEST

START_TEST(a_worker_does_not_start_with_a_queue_that_it_may_not_read)
{
	const char *worker = getenv("WARREN_WORKER");
	become(PRODUCER);
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.other), 0, NULL);
	become(WORKER);
	const char *const argv[] = {worker,      "run", "-q",   world.mine, "-q",
	                            world.other, "--",  "true", NULL};
	assert_exit(support_run(support_url(), NULL, argv), AUTH, "ACCESS_REFUSED");
	support_wait_depth(support_url(), support_amqp(world.other, ""), 1);
}
END_TEST

/* ---- by AMQP ---- */

enum act { PUBLISH, CONSUME, PURGE, DECLARE, DELETE, BIND };
/*
 * Names start with Q for the queue "mine" or O for "other", and the rest follows. Other names stand
 * as they are.
 */
static const struct {
	enum user user;
	enum act act;
	const char *name, *key;
	bool allowed;
} attempts[] = {
    {PRODUCER, PUBLISH, "warren.v1.jobs", "Q", true},
    {PRODUCER, PUBLISH, "warren.v1.delay.27", "O", true},
    {PRODUCER, PUBLISH, "warren.v1.jobs", "elsewhere", false},
    {BILLING, PUBLISH, "warren.v1.jobs", "Q", true},
    {BILLING, PUBLISH, "warren.v1.delay.00", "Q", true},
    {BILLING, PUBLISH, "warren.v1.delay.27", "Q", true},
    {BILLING, PUBLISH, "warren.v1.jobs", "O", false},
    {BILLING, PUBLISH, "warren.v1.delay.00", "O", false},
    {BILLING, PUBLISH, "warren.v1.delay.27", "O", false},
    {BILLING, PUBLISH, "warren.v1.delay.13.next", "Q", false},
    {BILLING, PUBLISH, "warren.v1.dead", "Q", false},
    {BILLING, PUBLISH, "warren.v1.replies", "x", false},
    {BILLING, PUBLISH, "warren.v1.unroutable", "Q", false},
    {BILLING, PUBLISH, "", "Q", false}, /* the default exchange goes to any queue */
    {BILLING, PUBLISH, "amq.topic", "Q", false},
    {BILLING, CONSUME, "Q", NULL, false},
    {BILLING, CONSUME, "Q.dead", NULL, false},
    {BILLING, PURGE, "Q", NULL, false},
    {BILLING, DECLARE, "warren.v1.reply.x", NULL, false},
    {BILLING, DECLARE, "mine", NULL, false},
    {BILLING, DELETE, "Q", NULL, false},
    {ASKER, DECLARE, "warren.v1.reply.x", NULL, true},
    {ASKER, DECLARE, "warren.v1.q.new", NULL, false},
    {ASKER, CONSUME, "Q", NULL, false},
    {ASKER, PUBLISH, "warren.v1.replies", "x", false},
    {ASKER, PUBLISH, "warren.v1.jobs", "O", false},
    {WORKER, CONSUME, "Q", NULL, true},
    {WORKER, CONSUME, "O", NULL, false},
    {WORKER, CONSUME, "Q.dead", NULL, false},
    {WORKER, CONSUME, "warren.v1.unroutable", NULL, false},
    {WORKER, CONSUME, "warren.v1.delay.27", NULL, false},
    {WORKER, PUBLISH, "warren.v1.dead", "Q", true},
    {WORKER, PUBLISH, "warren.v1.dead", "O", false},
    {WORKER, PUBLISH, "warren.v1.jobs", "Q", true},
    {WORKER, PUBLISH, "warren.v1.jobs", "O", false},
    {WORKER, PUBLISH, "warren.v1.delay.05", "Q", true},
    {WORKER, PUBLISH, "warren.v1.delay.05", "O", false},
    {WORKER, PUBLISH, "warren.v1.replies", "warren.v1.reply.x", true},
    {WORKER, PUBLISH, "", "O", false},
    {WORKER, DECLARE, "warren.v1.q.new", NULL, false},
    {WORKER, DELETE, "Q", NULL, false},
    {WORKER, BIND, "Q", "O", false},
    {ANY_WORKER, CONSUME, "O", NULL, true},
    {ANY_WORKER, CONSUME, "O.dead", NULL, false},
    {OPERATOR, CONSUME, "Q.dead", NULL, true},
    {OPERATOR, CONSUME, "warren.v1.unroutable", NULL, true},
    {OPERATOR, CONSUME, "O.dead", NULL, false},
    {OPERATOR, CONSUME, "Q", NULL, false},
    {OPERATOR, PURGE, "Q", NULL, false},
    {OPERATOR, PUBLISH, "warren.v1.jobs", "Q", true},
    {OPERATOR, PUBLISH, "warren.v1.jobs", "O", false},
    {OPERATOR, PUBLISH, "warren.v1.dead", "Q", false},
    {OPERATOR, PUBLISH, "warren.v1.delay.05", "Q", false},
    {OPERATOR, DECLARE, "warren.v1.q.new", NULL, false},
    {SETUP, DECLARE, "elsewhere", NULL, false},
    {SETUP, CONSUME, "elsewhere", NULL, false},
    {SETUP, PUBLISH, "amq.topic", "Q", false},
};

static const char *real_name(const char *name, char *out, size_t size)
{
	if (!name || (name[0] != 'Q' && name[0] != 'O'))
		return name;
	snprintf(out, size, "warren.v1.q.%s%s", name[0] == 'Q' ? world.mine : world.other,
	         name + 1);
	return out;
}

static struct broker *connect_as(enum user u)
{
	char password[100] = "";
	struct error err = {0};
	const char *url = support_url();
	cleanup_free char *path = xprintf("%s/%s.password", world.passwords, world.names[u]);
	FILE *f = fopen(path, "re");
	ck_assert(f && fgets(password, sizeof password, f));
	fclose(f);
	password[strcspn(password, "\n")] = 0;
	const struct broker_options o = {.urls = &url,
	                                 .url_count = 1,
	                                 .user = world.names[u],
	                                 .password = password,
	                                 .name = "test"};
	struct broker *b = broker_connect(&o, 0, &err);
	ck_assert_msg(b != NULL, "%s", err.text);
	return b;
}

/* A user who may consume gets another refusal, of an argument. So nothing is delivered. */
static int attempt(struct broker *b, enum act act, const char *name, const char *key,
                   struct error *err)
{
	const struct topology_item binding = {.kind = TOPOLOGY_BIND_QUEUE,
	                                      .name = (char *)name,
	                                      .source = (char *)"warren.v1.jobs",
	                                      .routing_key = (char *)key};
	switch (act) {
	case PUBLISH:
		return broker_try_publish(b, 1, name, key, err);
	case CONSUME:
		return broker_try_consume(b, 1, name, err);
	case PURGE:
		return broker_purge(b, 1, name, NULL, err);
	case DECLARE:
		return broker_declare_exclusive(b, 1, name, err);
	case DELETE:
		return broker_delete_queue(b, 1, name, err);
	case BIND:
		return broker_declare(b, 1, &binding, err);
	}
	return -1;
}

START_TEST(no_user_can_do_more_than_its_part)
{
	struct broker *connections[USERS];
	for (int u = 0; u < USERS; u++)
		connections[u] = connect_as((enum user)u);
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		char name[256], key[256];
		struct error err = {0};
		struct broker *b = connections[attempts[i].user];
		ck_assert_int_eq(broker_open_channel(b, 1, false, &err), 0);
		int rc = attempt(b, attempts[i].act, real_name(attempts[i].name, name, sizeof name),
		                 real_name(attempts[i].key, key, sizeof key), &err);
		if (attempts[i].allowed ? rc != 0 : rc == 0 || err.kind != ERROR_AUTH)
			ck_abort_msg("attempt %zu of %s: %s on '%s' '%s': %d %s", i,
			             roles[attempts[i].user],
			             attempts[i].allowed ? "refused" : "allowed", attempts[i].name,
			             attempts[i].key ? attempts[i].key : "", rc, err.text);
		if (rc == 0 && attempts[i].act != CONSUME)
			broker_close_channel(b, 1, NULL);
	}
	for (int u = 0; u < USERS; u++)
		broker_destroy(connections[u], true);
}
END_TEST

/* ---- the script ---- */

START_TEST(the_script_keeps_passwords_and_replaces_permissions)
{
	cleanup_free char *file = xprintf("%s/%s.password", world.passwords, world.names[BILLING]);
	cleanup_free char *same = xprintf("cp '%s' '%s/kept'", file, world.passwords);
	cleanup_free char *compare = xprintf(
	    "cmp '%s' '%s/kept' && [ \"$(stat -c %%a '%s')\" = 600 ]", file, world.passwords, file);
	cleanup_free char *spec = xprintf("producer=%s:%s", world.names[BILLING], world.other);
	ck_assert_int_eq(system(same), 0);
	make_users("", spec);
	ck_assert_int_eq(system(compare), 0);
	become(BILLING);
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.other), 0, NULL);
	assert_exit(PRODUCER_RUN("send", "t", "1", "-q", world.mine), AUTH, "ACCESS_REFUSED");
}
END_TEST

static const struct {
	const char *arguments, *words;
} misuse[] = {
    {"", "who?"},
    {"boss", "there is no role 'boss'"},
    {"setup:mail", "setup is for all queues"},
    {"worker:mail.dead", "does not end in .dead"},
    {"worker:a,,b", "empty queue name"},
    {"'worker:a|b'", "A-Za-z0-9._-"},
    {"'worker=a\"b'", "is no name for a user"},
    {"worker worker", "named twice"},
    {"--prefix 'x.*' setup", "a prefix is"},
    {"--wat setup", "unknown option"},
};

START_TEST(misuse_of_the_script_is_told)
{
	cleanup_free char *command =
	    xprintf("'%s/scripts/users.sh' --print %s 2>&1 >/dev/null; echo $?",
	            getenv("WARREN_SOURCE"), misuse[_i].arguments);
	char text[1000] = "";
	FILE *f = popen(command, "re");
	size_t n = fread(text, 1, sizeof text - 1, f);
	pclose(f);
	ck_assert_uint_gt(n, 0);
	ck_assert_msg(strstr(text, misuse[_i].words) && strstr(text, "\n64\n"), "%s", text);
}
END_TEST

/* docs/operations.md must have the table that the script prints. */
START_TEST(the_documented_table_is_what_the_script_grants)
{
	static const char command[] = "cd \"$WARREN_SOURCE\" && scripts/users.sh --table setup "
	                              "producer worker:mail operator >\"$OUT\" && "
	                              "scripts/users.sh --table --wait producer=warren-asker "
	                              "worker operator=warren-mail:mail >>\"$OUT\" && "
	                              "while read -r line; do grep -qxF \"    $line\" "
	                              "docs/operations.md || { echo \"not there: $line\"; exit 1; "
	                              "}; "
	                              "done <\"$OUT\"";
	setenv("OUT", support_path("table"), 1);
	ck_assert_int_eq(system(command), 0);
	ck_assert_uint_eq(support_lines(getenv("OUT")), 7);
}
END_TEST

static Suite *users_suite(void)
{
	Suite *s = suite_create("users");
	TCase *c = tcase_create("users");
	tcase_set_timeout(c, 180);
	tcase_add_unchecked_fixture(c, make_world, forget_users);
	tcase_add_checked_fixture(c, empty_queues, NULL);
	tcase_add_test(c, setup_can_declare_and_check);
	tcase_add_test(c, a_producer_can_send_to_its_queues);
	tcase_add_test(c, a_worker_can_retry_answer_and_bury_and_an_operator_can_dig_up);
	tcase_add_test(c, a_worker_does_not_start_with_a_queue_that_it_may_not_read);
	tcase_add_test(c, no_user_can_do_more_than_its_part);
	tcase_add_test(c, the_script_keeps_passwords_and_replaces_permissions);
	tcase_add_loop_test(c, misuse_of_the_script_is_told, 0,
	                    (int)(sizeof misuse / sizeof *misuse));
	tcase_add_test(c, the_documented_table_is_what_the_script_grants);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(users_suite());
}
