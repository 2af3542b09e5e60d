/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/session/producer_settings.h"

#include <stdlib.h>

#include "common/base/memory.h"
#include "common/job/job.h"

enum { DAY = 24 * 3600 * 1000 };

static bool valid_queue(const char *text)
{
	return queue_name_valid(span_of(text));
}

#define AT(field) offsetof(struct producer_settings, field)
static const struct settings_key mgmt_keys[] = {
    {"mgmt_url", SETTINGS_SECRET, AT(mgmt_url)},
};

static const struct settings_key keys[] = {
    {"default_queue", SETTINGS_TEXT, AT(default_queue), .standard = "default", .valid = valid_queue,
     .form = QUEUE_NAME_FORM},
    {"confirm_timeout", SETTINGS_TIME, AT(confirm_timeout_ms), .standard = "30s", .min = 100,
     .max = DAY},
    {"window", SETTINGS_NUMBER, AT(window), .standard = "1000", .min = 1, .max = 100000},
};

static const struct settings_part parts[] = {
    CONNECTION_PART(AT(connection)),
    SETTINGS_PART(mgmt_keys, 0),
    GENERAL_PART(AT(connection)),
    SETTINGS_PART(keys, 0),
};

#define QUEUE_AT(field) offsetof(struct producer_queue_settings, field)
static const struct settings_key own_queue_keys[] = {
    {"sign_with", SETTINGS_TEXT, QUEUE_AT(sign_with)},
    {"seal_to", SETTINGS_TEXT, QUEUE_AT(seal_to)},
};

static const struct settings_part queue_parts[] = {QUEUE_PART, SETTINGS_PART(own_queue_keys, 0)};

#define ROUTE_AT(field) offsetof(struct route_settings, field)
static const struct settings_key route_keys[] = {
    {"type", SETTINGS_TEXT, ROUTE_AT(type), .required = true},
    {"queue", SETTINGS_TEXT, ROUTE_AT(queue), .required = true, .valid = valid_queue,
     .form = QUEUE_NAME_FORM},
};

static const struct settings_part route_parts[] = {SETTINGS_PART(route_keys, 0)};

static const struct settings_list lists[] = {
    {.table = {"queues", queue_parts, SETTINGS_COUNT(queue_parts)},
     .size = sizeof(struct producer_queue_settings),
     .items = AT(queues),
     .count = AT(queue_count),
     .init = queue_settings_init},
    {.table = {"routes", route_parts, SETTINGS_COUNT(route_parts)},
     .size = sizeof(struct route_settings),
     .items = AT(routes),
     .count = AT(route_count)},
};

/* The name of a producer's connection is no setting, so no table frees it. */
static void init(void *settings)
{
	struct producer_settings *s = settings;
	connection_settings_name(&s->connection, PRODUCER_PROGRAM " ");
}

static void finish(void *settings)
{
	struct producer_settings *s = settings;
	free(steal_ptr(s->connection.name));
}

static int check(void *settings, struct error *err)
{
	struct producer_settings *s = settings;
	if (connection_settings_check(&s->connection, err) < 0 ||
	    queues_check(&producer_schema, s, err) < 0)
		return -1;
	for (size_t i = 0; i < s->queue_count; i++) {
		const struct producer_queue_settings *q = &s->queues[i];
		if (queues_check_keys(&q->queue, q->sign_with != NULL,
		                      q->seal_to ? "seal_to" : NULL, err) < 0)
			return -1;
	}
	return 0;
}

const struct settings_schema producer_schema = {
    .program = PRODUCER_PROGRAM,
    .file = "producer",
    .size = sizeof(struct producer_settings),
    .connection = AT(connection),
    .table = {NULL, parts, SETTINGS_COUNT(parts)},
    .lists = lists,
    .list_count = SETTINGS_COUNT(lists),
    .init = init,
    .finish = finish,
    .check = check,
};
