/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/settings/connect.h"
#include "common/amqp/declare.h"
#include "common/base/memory.h"
#include "producer/session/session.h"
#include "producer/commands.h"
#include "common/client/compare.h"
#include "common/client/mgmt.h"

static const struct option_spec options[] = {
    {"plan", 0, NULL, "print what would be declared, and what is there already"},
    {"apply", 0, NULL, "declare what is missing (this is what setup does without an option)"},
    {"check", 0, NULL, "compare with the broker; exit 78 when something differs"},
    {"queue", 'q', "NAME", "a queue in addition to those of the config, like a QUEUE argument"},
    {"mgmt-url", 0, "URL",
     "with --check: compare arguments, bindings and policies too, by this management API, such "
     "as http://host:15672",
     .setting = "mgmt_url"},
    {"json", 0, NULL, "print a line of JSON for each item or difference"},
    {0},
};

/* Adds the queues that the command line names to those of the config. They replace "default", which
 * is there only because the config names no queue. */
static int use_named_queues(struct session *s, struct error *err)
{
	bool only_default = s->settings.queue_count == 1 &&
	                    strcmp(s->settings.queues[0].queue.name, "default") == 0;
	for (size_t i = 0; i < s->options.argument_count; i++, only_default = false)
		if (queues_use(&producer_schema, &s->settings, s->options.arguments[i],
		               only_default, err) < 0)
			return -1;
	for (size_t i = 0; i < s->options.count; i++) {
		if (strcmp(s->options.given[i].spec->name, "queue") != 0)
			continue;
		if (queues_use(&producer_schema, &s->settings, s->options.given[i].value,
		               only_default, err) < 0)
			return -1;
		only_default = false;
	}
	return 0;
}

static int make_topology(const struct producer_settings *s, struct topology *t, struct error *err)
{
	cleanup_free const char **names = xcalloc(s->queue_count, sizeof *names);
	for (size_t i = 0; i < s->queue_count; i++)
		names[i] = s->queues[i].queue.name;
	return topology_make(t, s->connection.prefix, names, s->queue_count, err);
}

static void print_json_line(const char *key, const char *object, const char *state)
{
	struct buf line = {0};
	buf_printf(&line, "{\"%s\":", key);
	buf_append_json_string(&line, object, strlen(object));
	buf_printf(&line, ",\"state\":\"%s\"}\n", state);
	fputs(line.data, stdout);
	buf_finish(&line);
}

/* ---- plan ---- */

struct printing {
	bool json;
	size_t done, refused;
};

static void print_planned(void *data, const struct topology_item *item,
                          enum declare_outcome outcome, const char *text)
{
	const struct printing *p = data;
	char what[600];
	const char *state = outcome == DECLARE_PRESENT  ? "there"
	                    : outcome == DECLARE_ABSENT ? "create"
	                                                : "bind";
	(void)text;
	topology_describe(item, what, sizeof what);
	if (p->json)
		print_json_line("item", what, state);
	else
		printf("%-7s %s\n", state, what);
}

static void print_bindings(const struct topology *t, struct printing *p)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->items[i].kind == TOPOLOGY_BIND_QUEUE ||
		    t->items[i].kind == TOPOLOGY_BIND_EXCHANGE)
			print_planned(p, &t->items[i], DECLARE_DONE, NULL);
}

static int plan(struct session *s, const struct topology *t, struct error *err)
{
	struct printing p = {.json = options_has(&s->options, "json")};
	size_t absent;
	struct broker *b = connect_broker(&s->settings.connection, err);
	if (b) {
		int rc = declare_inspect(b, t, print_planned, &p, &absent, err);
		broker_destroy(b, true);
		if (rc < 0)
			return -1;
		print_bindings(t, &p);
		fprintf(stderr,
		        "%zu exchanges and queues would be created; bindings are declared in any "
		        "case\n",
		        absent);
		return 0;
	}
	fprintf(stderr, "no broker to compare with (%s): this is the whole plan\n", err->text);
	for (size_t i = 0; i < t->count; i++)
		print_planned(&p, &t->items[i], t->items[i].source ? DECLARE_DONE : DECLARE_ABSENT,
		              NULL);
	return 0;
}

/* ---- apply ---- */

static void print_refusal(void *data, const struct topology_item *item,
                          enum declare_outcome outcome, const char *text)
{
	struct printing *p = data;
	(void)item;
	if (outcome == DECLARE_DONE)
		p->done++;
	if (outcome != DECLARE_REFUSED)
		return;
	p->refused++;
	fprintf(stderr, PRODUCER_PROGRAM ": setup: %s\n", text);
}

static int apply(struct session *s, const struct topology *t, struct error *err)
{
	struct printing p = {0};
	struct broker *b = connect_broker(&s->settings.connection, err);
	if (!b)
		return -1;
	int rc = declare_topology(b, t, print_refusal, &p, err);
	broker_destroy(b, true);
	if (rc == 0) {
		printf("ok: %zu exchanges, queues and bindings are in place\n", p.done);
		return 0;
	}
	if (p.refused > 0)
		error_set(err, err->kind, "%zu of %zu items were refused, named above", p.refused,
		          t->count);
	return -1;
}

/* ---- check ---- */

static void print_difference(void *data, const char *object, const char *field, const char *want,
                             const char *have)
{
	const bool *json = data;
	if (!*json) {
		printf("%s: %s: should be %s, is %s\n", object, field, want, have);
		return;
	}
	struct buf line = {0};
	const char *const parts[] = {"object", object, "field", field, "want", want, "have", have};
	for (size_t i = 0; i < 8; i += 2) {
		buf_printf(&line, "%s\"%s\":", i ? "," : "{", parts[i]);
		buf_append_json_string(&line, parts[i + 1], strlen(parts[i + 1]));
	}
	buf_append_text(&line, "}\n");
	fputs(line.data, stdout);
	buf_finish(&line);
}

static int fetch(struct mgmt *m, struct broker_view *view, struct error *err)
{
	view->exchanges = mgmt_list(m, "exchanges", err);
	view->queues = view->exchanges ? mgmt_list(m, "queues", err) : NULL;
	view->bindings = view->queues ? mgmt_list(m, "bindings", err) : NULL;
	return view->bindings ? 0 : -1;
}

static int check_by_api(struct session *s, const struct topology *t, struct error *err)
{
	struct broker_view view = {0};
	bool json = options_has(&s->options, "json");
	struct mgmt *m = mgmt_open(&s->settings.connection, s->settings.mgmt_url, err);
	int rc = m ? fetch(m, &view, err) : -1;
	size_t differences = rc == 0 ? compare_topology(t, &view, print_difference, &json) : 0;
	json_decref(view.exchanges);
	json_decref(view.queues);
	json_decref(view.bindings);
	mgmt_close(m);
	if (rc < 0)
		return -1;
	if (differences > 0)
		return error_set(
		    err, ERROR_CONFIG,
		    "%zu differences; what is missing is created by: warren-producer setup",
		    differences);
	fprintf(stderr, "ok: arguments, bindings and policies of %zu items are right\n", t->count);
	return 0;
}

static void print_absent(void *data, const struct topology_item *item, enum declare_outcome outcome,
                         const char *text)
{
	char object[600];
	(void)text;
	if (outcome != DECLARE_ABSENT)
		return;
	snprintf(object, sizeof object, "%s %s",
	         item->kind == TOPOLOGY_QUEUE ? "queue" : "exchange", item->name);
	print_difference(data, object, "existence", "declared", "(missing)");
}

static int check_existence(struct session *s, const struct topology *t, struct error *err)
{
	bool json = options_has(&s->options, "json");
	size_t absent;
	struct broker *b = connect_broker(&s->settings.connection, err);
	int rc = b ? declare_inspect(b, t, print_absent, &json, &absent, err) : -1;
	broker_destroy(b, true);
	if (rc < 0)
		return -1;
	if (absent > 0)
		return error_set(
		    err, ERROR_CONFIG,
		    "%zu exchanges and queues are missing; create them with: warren-producer setup",
		    absent);
	fprintf(stderr, "ok: all exchanges and queues exist; arguments, bindings and policies were "
	                "not compared (that "
	                "takes --mgmt-url)\n");
	return 0;
}

static int setup(struct session *s, struct error *err)
{
	struct topology t;
	bool planning = options_has(&s->options, "plan"),
	     checking = options_has(&s->options, "check");
	if (planning + checking + options_has(&s->options, "apply") > 1)
		return error_set(err, ERROR_USAGE,
		                 "--plan, --apply and --check exclude each other");
	if (use_named_queues(s, err) < 0 || make_topology(&s->settings, &t, err) < 0)
		return -1;
	int rc;
	if (planning)
		rc = plan(s, &t, err);
	else if (checking)
		rc = s->settings.mgmt_url ? check_by_api(s, &t, err) : check_existence(s, &t, err);
	else
		rc = apply(s, &t, err);
	topology_finish(&t);
	return rc;
}

static int run(int argc, char **argv)
{
	struct session s;
	struct error err = {0};
	int code;
	if (session_begin(&s, &setup_command, argc, argv, &code))
		return code;
	return session_end(&s, setup(&s, &err), &err);
}

const struct command_spec setup_command = {
    .name = "setup",
    .usage = "setup [--plan|--apply|--check] [QUEUE]...",
    .summary = "declare the exchanges, queues and delay levels that jobs need",
    .examples = "  warren-producer setup mail img\n"
                "  warren-producer setup --plan mail\n"
                "  warren-producer setup --check --mgmt-url http://localhost:15672 mail\n",
    .options = options,
    .run = run,
};
