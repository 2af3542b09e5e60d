/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/settings/connect.h"
#include "common/base/memory.h"
#include "common/job/job.h"
#include "common/job/topology.h"
#include "producer/session/ask.h"
#include "producer/session/session.h"
#include "producer/commands.h"
#include "common/client/depths.h"
#include "common/client/mgmt.h"

static const struct option_spec options[] = {
    {"dead", 0, NULL, "with purge: delete the dead letters of the queue instead of its jobs"},
    {"yes", 'y', NULL, "with purge: do not ask"},
    {"mgmt-url", 0, "URL",
     "with list: ask this management API for unacked, bytes, rates and queues outside the "
     "config",
     .setting = "mgmt_url"},
    {"json", 0, NULL, "with list: print a line of JSON for each queue"},
    {0},
};

enum { CHANNEL = 1 };

/* ---- list ---- */

static void print_number(int64_t n)
{
	if (n < 0)
		printf(" %10s", "-");
	else
		printf(" %10" PRId64, n);
}

static void print_rate(double per_s)
{
	if (per_s < 0)
		printf(" %8s", "-");
	else
		printf(" %8.1f", per_s);
}

static void print_table(const struct depths *d)
{
	printf("%-24s %10s %10s %10s %10s %10s %8s %8s\n", "QUEUE", "READY", "UNACKED", "DEAD",
	       "CONSUMERS", "BYTES", "IN/s", "OUT/s");
	for (size_t i = 0; i < d->count; i++) {
		const struct depth *q = &d->queues[i];
		if (!q->exists) {
			printf("%-24s does not exist; create it with: warren-producer setup %s\n",
			       q->name, q->name);
			continue;
		}
		printf("%-24s", q->name);
		print_number(q->ready);
		print_number(q->unacked);
		print_number(q->dead);
		print_number(q->consumers);
		print_number(q->bytes);
		print_rate(q->in_per_s);
		print_rate(q->out_per_s);
		puts(q->configured ? "" : "  (not in the config)");
	}
	printf("delayed in the whole vhost: %" PRId64, d->delayed);
	const char *between = ";";
	for (int k = 0; k < DELAY_LEVELS; k++) {
		if (d->levels[k] == 0)
			continue;
		printf("%s level %02d: %" PRId64, between, k, d->levels[k]);
		between = ",";
	}
	printf("\nunroutable: %" PRId64 "\n", d->unroutable);
}

static void print_member(const char *name, int64_t n)
{
	if (n < 0)
		printf(",\"%s\":null", name);
	else
		printf(",\"%s\":%" PRId64, name, n);
}

static void print_member_rate(const char *name, double per_s)
{
	if (per_s < 0)
		printf(",\"%s\":null", name);
	else
		printf(",\"%s\":%.1f", name, per_s);
}

/* Prints null for what is known with the management API alone. */
static void print_json(const struct depths *d)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct depth *q = &d->queues[i];
		printf("{\"queue\":\"%s\",\"configured\":%s,\"exists\":%s,\"ready\":%" PRId64
		       ",\"consumers\":%" PRId64 ",\"dead\":%" PRId64,
		       q->name, q->configured ? "true" : "false", q->exists ? "true" : "false",
		       q->ready, q->consumers, q->dead);
		print_member("unacked", q->unacked);
		print_member("bytes", q->bytes);
		print_member_rate("in_per_s", q->in_per_s);
		print_member_rate("out_per_s", q->out_per_s);
		puts("}");
	}
	printf("{\"delayed\":%" PRId64 ",\"levels\":{", d->delayed);
	const char *between = "";
	for (int k = 0; k < DELAY_LEVELS; k++) {
		if (d->levels[k] == 0)
			continue;
		printf("%s\"%02d\":%" PRId64, between, k, d->levels[k]);
		between = ",";
	}
	printf("}}\n{\"unroutable\":%" PRId64 "}\n", d->unroutable);
}

static void print(const struct depths *d, bool json)
{
	if (json)
		print_json(d);
	else
		print_table(d);
	if (d->unroutable > 0)
		fprintf(stderr,
		        "warning: %" PRId64 " messages found no queue; see them with: "
		        "warren-producer dead list --unroutable\n",
		        d->unroutable);
	if (!json && !d->from_api && isatty(STDOUT_FILENO))
		fputs("UNACKED, BYTES and rates are the management API's: --mgmt-url "
		      "http://localhost:15672\n",
		      stderr);
}

static int use_arguments(struct session *s, size_t from, struct error *err)
{
	for (size_t i = from; i < s->options.argument_count; i++)
		if (queues_use(&producer_schema, &s->settings, s->options.arguments[i], i == from,
		               err) < 0)
			return -1;
	return 0;
}

/* Sets *api to NULL without --mgmt-url, which is no error. */
static int fetch(const struct producer_settings *s, json_t **api, struct error *err)
{
	*api = NULL;
	if (!s->mgmt_url)
		return 0;
	struct mgmt *m = mgmt_open(&s->connection, s->mgmt_url, err);
	*api = m ? mgmt_list(m, "queues", err) : NULL;
	mgmt_close(m);
	return *api ? 0 : -1;
}

static int list(struct session *s, struct error *err)
{
	struct depths d;
	json_t *api;
	bool all = s->options.argument_count == 1;
	if (use_arguments(s, 1, err) < 0 || fetch(&s->settings, &api, err) < 0)
		return -1;
	cleanup_free const char **names = xcalloc(s->settings.queue_count, sizeof *names);
	for (size_t i = 0; i < s->settings.queue_count; i++)
		names[i] = s->settings.queues[i].queue.name;
	const struct depths_query q = {.prefix = s->settings.connection.prefix,
	                               .queues = names,
	                               .queue_count = s->settings.queue_count,
	                               .api = api,
	                               .all = all};
	struct broker *b = connect_broker(&s->settings.connection, err);
	int rc = b ? depths_read(&d, b, &q, err) : -1;
	broker_destroy(b, true);
	json_decref(api);
	if (rc < 0)
		return -1;
	print(&d, options_has(&s->options, "json"));
	depths_finish(&d);
	return 0;
}

/* ---- purge ---- */

static int purge(struct session *s, struct error *err)
{
	char amqp_name[TOPOLOGY_NAME_MAX], question[400];
	if (s->options.argument_count != 2)
		return error_set(err, ERROR_USAGE, "purge wants one QUEUE");
	const char *name = s->options.arguments[1];
	bool dead = options_has(&s->options, "dead");
	if (!queue_name_valid(span_of(name)))
		return error_set(err, ERROR_USAGE, "queue name '%.100s' must be " QUEUE_NAME_FORM,
		                 name);
	snprintf(question, sizeof question, "Delete all %s of queue '%s' for good?",
	         dead ? "dead letters" : "waiting jobs", name);
	if (ask_yes(question, options_has(&s->options, "yes"), err) < 0)
		return -1;
	if (dead)
		topology_dead_queue(s->settings.connection.prefix, name, amqp_name);
	else
		topology_queue(s->settings.connection.prefix, name, amqp_name);
	struct broker *b = connect_broker(&s->settings.connection, err);
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
                "  warren-producer queue list --json --mgmt-url http://localhost:15672 mail img\n"
                "  warren-producer queue purge mail --dead --yes\n",
    .options = options,
    .run = run,
};
