/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives integration tests a real broker, queues of their own, our programs as processes, and
 * waiting for a condition with a deadline. A failure ends the test at once (ck_abort_msg).
 *
 * The broker is the one that WARREN_TEST_AMQP_URL and WARREN_TEST_MGMT_URL name. Without them one
 * is started here and stopped at exit. The programs come from WARREN_PRODUCER and WARREN_WORKER and
 * the tree from WARREN_SOURCE, which meson sets.
 */
#pragma once

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/amqp/broker.h"

enum { SUPPORT_MS = 60000 }; /* the usual deadline; generous, since it only bounds a failure */

/*
 * Runs the suite, then stops every node and removes every file, also those of tests that aborted.
 * Returns the exit code for main.
 */
int support_main(Suite *suite);

/* ---- brokers ---- */

/* Return the URLs of the broker for all tests and of its management API. */
const char *support_url(void);
const char *support_mgmt_url(void);
/*
 * A broker of the test's own, for tests that kill or starve it. support_main stops what a test
 * leaves.
 */
struct node {
	char dir[200], url[100], mgmt_url[100], plugins[100];
	int port, mgmt_port;
};
/* Starts a broker on free ports. */
void support_node_start(struct node *n);
/* Like support_node_start, with more plugins (",a,b") and lines of rabbitmq.conf. */
void support_node_start_with(struct node *n, const char *plugins, const char *settings);
/* Gives other settings to a node that is down. They count from support_node_again on. */
void support_node_configure(const struct node *n, const char *settings);
/* Starts a stopped or killed node again, on the same ports and data. */
void support_node_again(struct node *n);
/* Stops the broker in order. */
void support_node_stop(struct node *n);
/* Kills the broker by SIGKILL. */
void support_node_kill(struct node *n);
/* Runs rabbitmqctl COMMAND, which is split at blanks. */
void support_node_ctl(const struct node *n, const char *command);

/* Returns a port that was free a moment ago. */
int support_free_port(void);

/* Returns true if the broker at url has that version or a later one. */
bool support_server_is(const char *url, int major, int minor);

/* ---- queues and messages ---- */

/*
 * Returns the name of a new queue that no other test uses, declared on url by `setup`. Valid until
 * the next call.
 */
const char *support_queue(const char *url);
/*
 * Returns "warren.v1.q.NAME" with suffix behind it, e.g. ".dead". In static memory, four at a time.
 */
const char *support_amqp(const char *name, const char *suffix);
/* Returns a connection without any channel. The caller destroys it. */
struct broker *support_connect(const char *url);
/* Publishes m and waits for the confirm. m is borrowed. */
void support_publish(const char *url, const char *exchange, const char *key,
                     const struct message *m);
/* Publishes a stranger's message, which has a body and nothing else. */
void support_publish_text(const char *url, const char *queue_name, const char *body);
/* Returns how many ready messages a queue holds. */
uint32_t support_depth(const char *url, const char *amqp_queue);
/* Waits until a queue holds that many ready messages. */
void support_wait_depth(const char *url, const char *amqp_queue, uint32_t depth);
/* Takes one message out, acknowledged, within SUPPORT_MS. The caller destroys it. */
struct message *support_take(const char *url, const char *amqp_queue);
/* Closes the broker's connections whose name contains text. Returns how many. */
int support_close_connections(const char *mgmt_url, const char *text);

/* ---- processes ---- */

struct result {
	int code;  /* exit code, or 128 + signal */
	char *out; /* terminated; freed by support_result_free */
	char *err;
};
/*
 * Runs argv, which ends with NULL, to its end with AMQP_URL=url and input on stdin. The caller
 * frees the result.
 */
struct result support_run(const char *url, const char *input, const char *const *argv);
/* Frees the texts of r. */
void support_result_free(struct result *r);
#define support_producer(url, input, ...)                                                          \
	support_run(url, input, (const char *const[]){getenv("WARREN_PRODUCER"), __VA_ARGS__, NULL})

struct process {
	pid_t pid;
	char log[256]; /* the file that its stderr goes to */
};
/* Starts argv in the background. The process dies with the test. */
struct process support_start(const char *url, const char *const *argv);
#define support_worker(url, ...)                                                                   \
	support_start(url, (const char *const[]){getenv("WARREN_WORKER"), "run", __VA_ARGS__, NULL})
/* Waits until the log of p has text. */
void support_wait_log(const struct process *p, const char *text);
/* Returns true if the log of p has text. */
bool support_log_has(const struct process *p, const char *text);
/* Waits for the end of p. Returns its exit code, or 128 + signal. */
int support_wait_exit(struct process *p);
/* Sends SIGTERM, then does what support_wait_exit does. */
int support_terminate(struct process *p);

/* ---- files ---- */

/* Returns a folder of this test, which is removed at exit. */
const char *support_dir(void);
/* Makes an executable /bin/sh script with that body. Returns its path, valid to the end. */
const char *support_script(const char *name, const char *body);
/* Returns DIR/NAME, valid to the end. */
const char *support_path(const char *name);
/* Returns how many lines a file has, or 0 if there is no file. */
size_t support_lines(const char *path);
/* Waits until a file has at least that many lines. */
void support_wait_lines(const char *path, size_t count);
/* Returns how many lines of a file hold part. */
size_t support_lines_with(const char *path, const char *part);
/*
 * Waits until a file has so many different lines. When each job writes a line of its own, so many
 * jobs have run. A count of all lines does not tell that, because a job that ran twice stands in
 * for one that is still running.
 */
void support_wait_distinct(const char *path, size_t count);

/* Waits until cond is true. Ends the test with words if it is not within SUPPORT_MS. */
#define support_wait(cond, words)                                                                  \
	do {                                                                                       \
		int64_t until_ = support_now() + SUPPORT_MS;                                       \
		while (!(cond)) {                                                                  \
			if (support_now() > until_)                                                \
				ck_abort_msg("not in time: %s", words);                            \
			support_pause();                                                           \
		}                                                                                  \
	} while (0)
/* Returns the monotonic clock in ms. */
int64_t support_now(void);
/* Waits 20 ms between two looks. */
void support_pause(void);
