/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What integration tests need: a real broker, queues of their own, our programs as processes, and
 * waiting for a condition with a deadline. Failures end the test at once (ck_abort_msg).
 *
 * The broker is the one that WARREN_TEST_AMQP_URL and WARREN_TEST_MGMT_URL name, else one that is
 * started here and stopped at exit. Programs come from WARREN_PRODUCER and WARREN_WORKER, the tree
 * from WARREN_SOURCE (meson sets them).
 */
#pragma once

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/amqp/broker.h"

enum { SUPPORT_MS = 60000 }; /* the usual deadline: generous, since it only bounds a failure */

/* Runs the suite; then stops every node and removes every file, also those of tests that aborted.
 * For main. */
int support_main(Suite *suite);

/* ---- brokers ---- */

const char *support_url(void);
const char *support_mgmt_url(void);
/* A node of the test's own, for tests that kill or starve it. support_main stops what a test
 * leaves. */
struct node {
	char dir[200], url[100], mgmt_url[100], plugins[100];
	int port, mgmt_port;
};
void support_node_start(struct node *n);
/* With more plugins (",a,b") and lines of rabbitmq.conf. */
void support_node_start_with(struct node *n, const char *plugins, const char *settings);
/* Other settings for a node that is down: they count from support_node_again on. */
void support_node_configure(const struct node *n, const char *settings);
void support_node_again(struct node *n); /* after a stop or kill: the same ports and data */
void support_node_stop(struct node *n);
void support_node_kill(struct node *n);
void support_node_ctl(const struct node *n,
                      const char *command); /* rabbitmqctl COMMAND, split at blanks */

int support_free_port(void);

/* Is the server at url of that version or later? */
bool support_server_is(const char *url, int major, int minor);

/* ---- queues and messages ---- */

/* A name no other test uses; declared with `setup` on url. Valid until the next call. */
const char *support_queue(const char *url);
/* "warren.v1.q.NAME" and "...dead" in static memory, four at a time. */
const char *support_amqp(const char *name, const char *suffix);
struct broker *support_connect(const char *url);
/* Publishes and waits for the confirm. m is borrowed. */
void support_publish(const char *url, const char *exchange, const char *key,
                     const struct message *m);
/* A stranger's message: body and nothing else. */
void support_publish_text(const char *url, const char *queue_name, const char *body);
uint32_t support_depth(const char *url, const char *amqp_queue);
void support_wait_depth(const char *url, const char *amqp_queue, uint32_t depth);
/* Takes one message out (acknowledged) within SUPPORT_MS; the caller destroys it. */
struct message *support_take(const char *url, const char *amqp_queue);
/* Closes connections of the broker whose name contains text. Returns how many. */
int support_close_connections(const char *mgmt_url, const char *text);

/* ---- processes ---- */

struct result {
	int code;  /* exit code, or 128 + signal */
	char *out; /* terminated; freed by support_result_free */
	char *err;
};
/* Runs argv (NULL-terminated) with AMQP_URL=url and input on stdin, to its end. */
struct result support_run(const char *url, const char *input, const char *const *argv);
void support_result_free(struct result *r);
#define support_producer(url, input, ...)                                                          \
	support_run(url, input, (const char *const[]){getenv("WARREN_PRODUCER"), __VA_ARGS__, NULL})

struct process {
	pid_t pid;
	char log[256]; /* its stderr */
};
/* Starts argv in the background; it dies with the test. */
struct process support_start(const char *url, const char *const *argv);
#define support_worker(url, ...)                                                                   \
	support_start(url, (const char *const[]){getenv("WARREN_WORKER"), "run", __VA_ARGS__, NULL})
void support_wait_log(const struct process *p, const char *text);
bool support_log_has(const struct process *p, const char *text);
int support_wait_exit(struct process *p); /* exit code, or 128 + signal */
int support_terminate(struct process *p); /* SIGTERM, then support_wait_exit */

/* ---- files ---- */

const char *support_dir(void); /* a folder of this test; removed at exit */
/* An executable /bin/sh script with that body in it. Returns its path, valid to the end. */
const char *support_script(const char *name, const char *body);
const char *support_path(const char *name); /* DIR/NAME, valid to the end */
size_t support_lines(const char *path);     /* lines of a file; 0 when there is none */
void support_wait_lines(const char *path, size_t count);
size_t support_lines_with(const char *path, const char *part); /* how many lines hold part */
/*
 * Waits until so many different lines are in a file: that so many jobs have run, when each writes
 * its own. A count of all lines does not tell that, for a job that ran twice stands in for one that
 * is still running.
 */
void support_wait_distinct(const char *path, size_t count);

/* Waits until cond is true; ends the test with the words when it is not within SUPPORT_MS. */
#define support_wait(cond, words)                                                                  \
	do {                                                                                       \
		int64_t until_ = support_now() + SUPPORT_MS;                                       \
		while (!(cond)) {                                                                  \
			if (support_now() > until_)                                                \
				ck_abort_msg("not in time: %s", words);                            \
			support_pause();                                                           \
		}                                                                                  \
	} while (0)
int64_t support_now(void);
void support_pause(void); /* 20 ms between two looks */
