/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/connect.h"
#include "common/delay.h"
#include "common/job.h"
#include "common/memory.h"
#include "producer/begin.h"
#include "producer/commands.h"
#include "producer/ask.h"

static const struct option_spec options[] = {
    {"dead", 0, NULL, "purge: the queue's dead letters instead of its jobs"},
    {"yes", 'y', NULL, "purge: do not ask"},
    {"json", 0, NULL, "list: one line of JSON per queue"},
    {0},
};

enum { CHANNEL = 1 };

struct depth {
	bool there;
	uint32_t ready, consumers;
};

/* A queue that does not exist is no error here: the channel is opened anew. */
static int inspect(struct broker *b, const char *queue, struct depth *d, struct error *err)
{
	*d = (struct depth){0};
	if (broker_open_channel(b, CHANNEL, false, err) < 0)
		return -1;
	d->there = broker_inspect_queue(b, CHANNEL, queue, &d->ready, &d->consumers, err) == 0;
	if (broker_broken(b))
		return -1;
	return d->there ? broker_close_channel(b, CHANNEL, err) : 0;
}

static void print_queue(const char *name, const struct depth *q, const struct depth *dead, bool json)
{
	if (json)
		printf("{\"queue\":\"%s\",\"exists\":%s,\"ready\":%u,\"consumers\":%u,\"dead\":%u}\n", name,
		       q->there ? "true" : "false", q->ready, q->consumers, dead->ready);
	else if (q->there)
		printf("%-24s %10u %10u %10u\n", name, q->ready, q->consumers, dead->ready);
	else
		printf("%-24s does not exist; create it with: warren-producer setup %s\n", name, name);
}

static int list_queues(struct session *s, struct broker *b, bool json, struct error *err)
{
	char name[TOPOLOGY_NAME_MAX];
	if (!json)
		printf("%-24s %10s %10s %10s\n", "QUEUE", "READY", "CONSUMERS", "DEAD");
	for (size_t i = 0; i < s->settings.queue_count; i++) {
		const char *queue = s->settings.queues[i].name;
		struct depth q, dead;
		if (inspect(b, topology_queue(s->settings.prefix, queue, name), &q, err) < 0 ||
		    inspect(b, topology_dead_queue(s->settings.prefix, queue, name), &dead, err) < 0)
			return -1;
		print_queue(queue, &q, &dead, json);
	}
	return 0;
}

static int list_ring(struct session *s, struct broker *b, bool json, struct error *err)
{
	char name[TOPOLOGY_NAME_MAX];
	uint64_t total = 0;
	struct buf levels = {0};
	for (int k = 0; k < DELAY_LEVELS; k++) {
		struct depth d;
		if (inspect(b, topology_delay(s->settings.prefix, k, name), &d, err) < 0) {
			buf_finish(&levels);
			return -1;
		}
		total += d.ready;
		if (d.ready > 0)
			buf_printf(&levels, json ? "%s\"%02d\":%u" : "%s level %02d: %u", levels.len ? "," : "", k,
			           d.ready);
	}
	if (json)
		printf("{\"delayed\":%" PRIu64 ",\"levels\":{%s}}\n", total, levels.data ? levels.data : "");
	else
		printf("delayed in the whole vhost: %" PRIu64 "%s%s\n", total, total ? ";" : "",
		       levels.data ? levels.data : "");
	buf_finish(&levels);
	return 0;
}

static int list_unroutable(struct session *s, struct broker *b, bool json, struct error *err)
{
	char name[TOPOLOGY_NAME_MAX];
	struct depth d;
	if (inspect(b, topology_unroutable(s->settings.prefix, name), &d, err) < 0)
		return -1;
	if (json)
		printf("{\"unroutable\":%u}\n", d.ready);
	else
		printf("unroutable: %u\n", d.ready);
	if (d.ready > 0)
		fprintf(stderr,
		        "warning: %u messages found no queue; see them with: warren-producer dead list --unroutable\n",
		        d.ready);
	return 0;
}

static int use_arguments(struct session *s, size_t from, struct error *err)
{
	for (size_t i = from; i < s->options.argument_count; i++)
		if (settings_use_queue(&s->settings, s->options.arguments[i], i == from, err) < 0)
			return -1;
	return 0;
}

static int list(struct session *s, struct error *err)
{
	bool json = options_has(&s->options, "json");
	if (use_arguments(s, 1, err) < 0)
		return -1;
	struct broker *b = connect_broker(&s->settings, err);
	if (!b)
		return -1;
	int rc =
	    list_queues(s, b, json, err) < 0 || list_ring(s, b, json, err) < 0 || list_unroutable(s, b, json, err) < 0
	        ? -1
	        : 0;
	broker_destroy(b, true);
	return rc;
}

static int purge(struct session *s, struct error *err)
{
	char amqp_name[TOPOLOGY_NAME_MAX], question[400];
	if (s->options.argument_count != 2)
		return error_set(err, ERROR_USAGE, "purge wants one QUEUE");
	const char *name = s->options.arguments[1];
	bool dead = options_has(&s->options, "dead");
	if (!queue_name_valid(span_of(name)))
		return error_set(err, ERROR_USAGE, "queue name '%.100s' must be 1 to 100 bytes of A-Za-z0-9._-", name);
	snprintf(question, sizeof question, "Delete all %s of queue '%s' for good?",
	         dead ? "dead letters" : "waiting jobs", name);
	if (ask_yes(question, options_has(&s->options, "yes"), err) < 0)
		return -1;
	if (dead)
		topology_dead_queue(s->settings.prefix, name, amqp_name);
	else
		topology_queue(s->settings.prefix, name, amqp_name);
	struct broker *b = connect_broker(&s->settings, err);
	uint32_t count = 0;
	int rc = b && broker_open_channel(b, CHANNEL, false, err) == 0 &&
	                 broker_purge(b, CHANNEL, amqp_name, &count, err) == 0
	             ? 0
	             : -1;
	broker_destroy(b, true);
	if (rc == 0)
		printf("%u\n", count);
	return rc;
}

static int queue(struct session *s, struct error *err)
{
	const char *verb = s->options.argument_count > 0 ? s->options.arguments[0] : "";
	if (strcmp(verb, "list") == 0)
		return list(s, err);
	if (strcmp(verb, "purge") == 0)
		return purge(s, err);
	return error_set(err, ERROR_USAGE, "queue wants list or purge, not '%.60s'", verb);
}

static int run(int argc, char **argv)
{
	struct session s;
	struct error err = {0};
	int code;
	if (session_begin(&s, &queue_command, argc, argv, &code))
		return code;
	return session_end(&s, queue(&s, &err), &err);
}

const struct command_spec queue_command = {
    .name = "queue",
    .usage = "queue list [QUEUE]... | queue purge QUEUE [--dead] [--yes]",
    .summary = "see how full the queues are, or empty one",
    .examples = "  warren-producer queue list\n"
                "  warren-producer queue list --json mail img\n"
                "  warren-producer queue purge mail --dead --yes\n",
    .options = options,
    .run = run,
};
