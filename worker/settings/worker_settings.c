/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/settings/worker_settings.h"

#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/base/nearest.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* ---- the tables ---- */

#define AT(field) offsetof(struct worker_settings, field)
static const struct settings_key keys[] = {
    {"name", SETTINGS_TEXT, AT(connection.name)},
    {"slots", SETTINGS_NUMBER, AT(slots), .min = 1, .max = 2000},
    {"timeout", SETTINGS_TIME, AT(timeout_ms), .standard = "5m", .min = 1, .max = 365LL * DAY},
    {"grace", SETTINGS_TIME, AT(grace_ms), .standard = "10s", .min = 0, .max = HOUR},
    {"drain", SETTINGS_TIME, AT(drain_ms), .standard = "30s", .min = 0, .max = DAY},
    {"broker_consumer_timeout", SETTINGS_TIME, AT(broker_consumer_timeout_ms), .standard = "30m",
     .min = MINUTE, .max = 366LL * DAY},
    {"result_max", SETTINGS_SIZE, AT(result_max), .standard = "64K", .min = 0, .max = 64 << 20},
    {"log_output", SETTINGS_BOOL, AT(log_output), .standard = "true"},
};

static const struct settings_part parts[] = {
    CONNECTION_PART(AT(connection)),
    GENERAL_PART(AT(connection)),
    SETTINGS_PART(keys, 0),
};

#define QUEUE_AT(field) offsetof(struct worker_queue_settings, field)
static const struct settings_key own_queue_keys[] = {
    {"signed_by", SETTINGS_TEXT, QUEUE_AT(signed_by)},
    {"open_with", SETTINGS_TEXT, QUEUE_AT(open_with)},
    {"require_signed", SETTINGS_BOOL, QUEUE_AT(require_signed), .standard = "true"},
    {"require_sealed", SETTINGS_BOOL, QUEUE_AT(require_sealed), .standard = "true"},
};

static const struct settings_part queue_parts[] = {QUEUE_PART, SETTINGS_PART(own_queue_keys, 0)};

static const struct settings_list lists[] = {
    {.table = {"queues", queue_parts, SETTINGS_COUNT(queue_parts)},
     .size = sizeof(struct worker_queue_settings),
     .items = AT(queues),
     .count = AT(queue_count),
     .init = queue_settings_init},
    {.table = {"handlers", &handler_part, 1},
     .size = sizeof(struct handler_settings),
     .items = AT(handlers),
     .count = AT(handler_count)},
};

static void init(void *settings)
{
	struct worker_settings *s = settings;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	s->slots = processors > 0 ? processors : 1;
	connection_settings_name(&s->connection, "");
}

static int check(void *settings, struct error *err)
{
	struct worker_settings *s = settings;
	if (connection_settings_check(&s->connection, err) < 0 ||
	    queues_check(&worker_schema, s, err) < 0)
		return -1;
	for (size_t i = 0; i < s->queue_count; i++) {
		const struct worker_queue_settings *q = &s->queues[i];
		if (queues_check_keys(&q->queue, q->signed_by != NULL,
		                      q->open_with ? "open_with" : NULL, err) < 0)
			return -1;
	}
	return 0;
}

const struct settings_schema worker_schema = {
    .program = WORKER_PROGRAM,
    .file = "worker",
    .size = sizeof(struct worker_settings),
    .connection = AT(connection),
    .table = {NULL, parts, SETTINGS_COUNT(parts)},
    .lists = lists,
    .list_count = SETTINGS_COUNT(lists),
    .init = init,
    .check = check,
};

/* ---- handlers of the command line ---- */

static const struct settings_list *const handlers = &lists[1];

int worker_add_handler(struct worker_settings *s, const char *spec, struct error *err)
{
	const char *equals = strchr(spec, '=');
	if (!equals || equals == spec || !equals[1])
		return error_set(err, ERROR_USAGE,
		                 "--handler wants TYPE-GLOB=exec:CMD, not '%.200s'", spec);
	struct handler_settings *h = settings_list_insert(handlers, s, s->command_line_handlers++);
	h->type = xmemdup(spec, (size_t)(equals - spec));
	h->run = xstrdup(equals + 1);
	return 0;
}

static int unknown(const char *name, struct error *err)
{
	const char *names[64];
	size_t count = settings_names(&handlers->table, names, SETTINGS_COUNT(names));
	const char *near = nearest_name(name, names, count);
	return error_set(err, ERROR_USAGE, "a handler has no setting '%.60s'%s%s%s", name,
	                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int worker_set_handler(struct worker_settings *s, const char *spec, struct error *err)
{
	const char *equals = strchr(spec, '=');
	if (!equals || s->command_line_handlers == 0)
		return error_set(err, ERROR_USAGE,
		                 "--with wants KEY=VALUE behind a --handler, not '%.100s'", spec);
	cleanup_free char *name = xmemdup(spec, (size_t)(equals - spec));
	struct settings_field f =
	    settings_find(&handlers->table, &s->handlers[s->command_line_handlers - 1], name);
	if (!f.key || f.key->required)
		return unknown(name, err);
	if (settings_read(f, name, equals + 1, err) == 0)
		return 0;
	err->kind = ERROR_USAGE;
	return error_wrap(err, "--with");
}
