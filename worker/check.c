/* SPDX-License-Identifier: Apache-2.0 */
/* The command check: says whether run would work, and takes no job. */
#include <stdio.h>
#include <string.h>

#include "common/settings/connect.h"
#include "common/base/memory.h"
#include "common/job/delay.h"
#include "common/job/topology.h"
#include "worker/rules/admission.h"
#include "worker/command_line.h"
#include "worker/commands.h"
#include "worker/guardian/guardian.h"
#include "worker/handlers/kinds.h"
#include "worker/loop.h"

static const struct option_spec options[] = {
    {"queue", 'q', "NAME[:WEIGHT]",
     "this queue; repeat for more (default: those of the config, else 'default')"},
    {"handler", 'H', "GLOB=KIND:...", "this handler; repeat for more"},
    {"with", 'w', "KEY=VALUE",
     "a setting of the handler before it, or of the command behind --: memory=500M"},
    {"signed-by", 0, "FILE", "as for run"},
    {"open-with", 0, "FILE", "as for run"},
    {"timeout", 0, "TIME", "as for run", .setting = "timeout"},
    {"grace", 0, "TIME", "as for run", .setting = "grace"},
    {"slots", 'j', "N", "as for run", .setting = "slots"},
    {0},
};

enum { CHANNEL = 1 };

/* Checks go on after one has failed, so that everything that is wrong is known at once. */
struct checking {
	const struct worker_settings *settings;
	struct broker *broker;
	int worst; /* exit code */
};

static void tell(struct checking *c, int rc, const char *what, const char *name,
                 const struct error *err)
{
	if (rc == 0)
		printf("ok      %s %s\n", what, name);
	else
		printf("WRONG   %s %s: %s\n", what, name, err->text);
	if (rc < 0)
		c->worst = (int)err->kind;
}

static int open_channel(struct checking *c, struct error *err)
{
	return broker_broken(c->broker)
	           ? error_set(err, ERROR_UNAVAILABLE, "the connection is lost")
	           : broker_open_channel(c->broker, CHANNEL, false, err);
}

static void check_queue(struct checking *c, const char *queue)
{
	struct error err = {0};
	uint32_t ready, consumers;
	int rc = open_channel(c, &err);
	if (rc == 0 &&
	    (rc = broker_inspect_queue(c->broker, CHANNEL, queue, &ready, &consumers, &err)) == 0)
		broker_close_channel(c->broker, CHANNEL, NULL);
	else if (err.cause == CAUSE_MAY_NOT_LOOK)
		return; /* check_reading tells whether it is there */
	else if (err.cause == CAUSE_NO_QUEUE)
		error_set(&err, ERROR_CONFIG,
		          "does not exist; create it with: warren-producer setup");
	tell(c, rc, "queue", queue, &err);
}

static void check_reading(struct checking *c, const char *queue)
{
	struct error err = {0};
	int rc = open_channel(c, &err);
	if (rc == 0)
		rc = broker_try_consume(c->broker, CHANNEL, queue, &err);
	tell(c, rc, "may read", queue, &err);
}

static void check_writing(struct checking *c, const char *exchange, const char *key)
{
	struct error err = {0};
	char what[2 * TOPOLOGY_NAME_MAX];
	int rc = open_channel(c, &err);
	if (rc == 0 && (rc = broker_try_publish(c->broker, CHANNEL, exchange, key, &err)) == 0)
		broker_close_channel(c->broker, CHANNEL, NULL);
	snprintf(what, sizeof what, "%s%s%s", exchange, *key ? " for " : "", key);
	tell(c, rc, "may publish to", what, &err);
}

/* Retries and dead letters bear the queue's name as their routing key, on which permissions may
 * depend. */
static void check_queue_of_ours(struct checking *c, const char *queue)
{
	const char *prefix = c->settings->connection.prefix;
	char key[TOPOLOGY_NAME_MAX], name[TOPOLOGY_NAME_MAX];
	check_queue(c, topology_queue(prefix, queue, key));
	check_reading(c, key);
	check_queue(c, topology_dead_queue(prefix, queue, name));
	check_writing(c, topology_jobs(prefix, name), key);
	check_writing(c, topology_dead(prefix, name), key);
	check_writing(c, topology_delay(prefix, 0, name), key);
	check_writing(c, topology_delay(prefix, DELAY_LEVELS - 1, name), key);
}

static void check_broker(struct checking *c)
{
	const struct worker_settings *s = c->settings;
	char name[TOPOLOGY_NAME_MAX];
	struct error err = {0};
	c->broker = connect_broker(&s->connection, &err);
	tell(c, c->broker ? 0 : -1, "broker", c->broker ? broker_peer(c->broker) : "", &err);
	if (!c->broker)
		return;
	for (size_t i = 0; i < s->queue_count; i++)
		check_queue_of_ours(c, s->queues[i].queue.name);
	check_writing(c, topology_replies(s->connection.prefix, name), "");
	broker_destroy(c->broker, true);
}

static void tell_keys(const struct keyring *r, const char *what, const char *file)
{
	printf("ok      %s %s:", what, file);
	for (size_t i = 0; i < r->count; i++)
		printf(" %s", r->keys[i].kid);
	putchar('\n');
}

static void check_keys(struct checking *c)
{
	for (size_t i = 0; i < c->settings->queue_count; i++) {
		const struct worker_queue_settings *q = &c->settings->queues[i];
		struct admission a;
		struct error err = {0};
		if (admission_load(&a, q, c->settings->connection.prefix, &err) < 0)
			tell(c, -1, "keys of", q->queue.name, &err);
		else if (q->signed_by)
			tell_keys(&a.signers, "signed by", q->signed_by);
		if (a.openers.count > 0)
			tell_keys(&a.openers, "opened with", q->open_with);
		admission_finish(&a);
	}
}

static void nothing(void *data)
{
	(void)data;
}

static void check_handlers(struct checking *c, int guardian_fd, int guardian_pid)
{
	uv_loop_t loop;
	uv_loop_init(&loop);
	struct guardian *g = guardian_open(&loop, guardian_fd, guardian_pid, nothing, NULL);
	size_t count = c->settings->handler_count;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): room for pointers is meant */
	cleanup_free struct handler **handlers = xcalloc(count, sizeof *handlers);
	for (size_t i = 0; i < count; i++) {
		struct error err = {0};
		const struct handler_settings *s = &c->settings->handlers[i];
		handlers[i] = kinds_open(&loop, g, c->settings, s, &err);
		tell(c, handlers[i] ? 0 : -1, "handler", s->run, &err);
	}
	guardian_stop(g);
	guardian_wait(g, GUARDIAN_CLOSE_MS);
	for (size_t i = 0; i < count; i++)
		if (handlers[i])
			handler_stop(handlers[i]);
	loop_finish(&loop, LOOP_FINISH_MS); /* no job ran, so no thread has anything to do */
	for (size_t i = 0; i < count; i++)
		handler_destroy(handlers[i]);
	guardian_destroy(g);
}

static int run(int argc, char **argv)
{
	struct worker_settings s;
	struct options o;
	struct error err = {0};
	struct checking c = {.settings = &s};
	int guardian_fd, guardian_pid, code;
	if (options_begin(&worker_schema, &check_command, argc, argv, &o, &s, &code))
		return code;
	if (command_line_handlers(&s, &o, &err) < 0 || command_line_queues(&s, &o, &err) < 0 ||
	    command_line_check(&s, &err) < 0 ||
	    guardian_fork(&guardian_fd, &guardian_pid, &err) < 0) {
		c.worst = options_fail(WORKER_PROGRAM, &check_command, &err);
	} else {
		printf("ok      settings\n");
		check_keys(&c);
		check_handlers(&c, guardian_fd, guardian_pid);
		check_broker(&c);
	}
	settings_finish(&worker_schema, &s);
	options_finish(&o);
	return c.worst;
}

const struct command_spec check_command = {
    .name = "check",
    .usage = "check [-q QUEUE]... [--handler 'GLOB=KIND:...']... [-- CMD ARG...]",
    .summary = "see whether run would work: settings, handlers, queues, permissions; takes no job",
    .examples = "  warren-worker check\n"
                "  warren-worker check -q mail -- ./send-mail.sh\n"
                "  warren-worker check --config worker.cfg\n",
    .options = options,
    .run = run,
};
