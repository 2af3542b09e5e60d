/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/queue_settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "common/job/job.h"
#include "common/job/keys.h"

enum { QUEUES_MAX = 64, WEIGHT_MAX = 1000, TRIES_MAX = 1000000 };

/* ---- the keys ---- */

static bool valid_name(const char *text)
{
	return queue_name_valid(span_of(text));
}

static bool valid_type(const char *text)
{
	return !*text || job_type_valid(span_of(text));
}

static bool read_codec(void *object, const char *text)
{
	struct queue_settings *q = object;
	q->raw = strcmp(text, "raw") == 0;
	return q->raw || strcmp(text, "json") == 0;
}

static void show_codec(const void *object, FILE *out)
{
	fputs(((const struct queue_settings *)object)->raw ? "\"raw\"" : "\"json\"", out);
}

static bool read_backoff(void *object, const char *text)
{
	struct queue_settings *q = object;
	struct retry_override over = {0};
	if (!retry_parse_backoff(text, &over))
		return false;
	q->retry = retry_apply(&q->retry, &over);
	return true;
}

static void show_backoff(const void *object, FILE *out)
{
	const struct retry_policy *r = &((const struct queue_settings *)object)->retry;
	char base[CLOCK_TEXT_SIZE], max[CLOCK_TEXT_SIZE];
	fprintf(out, "\"%s:%s..%s~%g\"", backoff_name(r->kind),
	        clock_format_duration(r->base_ms, base), clock_format_duration(r->max_ms, max),
	        r->jitter);
}

#define AT(field) offsetof(struct queue_settings, field)
const struct settings_key queue_keys[QUEUE_KEYS] = {
    {"name", SETTINGS_TEXT, AT(name), .required = true, .valid = valid_name,
     .form = QUEUE_NAME_FORM},
    {"weight", SETTINGS_SHORT, AT(weight), .standard = "1", .min = 1, .max = WEIGHT_MAX},
    {"codec", SETTINGS_OWN, 0, .standard = "json", .form = "\"json\" or \"raw\"",
     .read = read_codec, .show = show_codec},
    {"type", SETTINGS_TEXT, AT(type), .valid = valid_type,
     .form = "1 to 128 bytes of A-Za-z0-9._-"},
    {"max_attempts", SETTINGS_SHORT, AT(retry.max_attempts), .min = 1, .max = TRIES_MAX},
    {"max_crashes", SETTINGS_SHORT, AT(retry.max_crashes), .min = 1, .max = TRIES_MAX},
    {"max_timeouts", SETTINGS_SHORT, AT(retry.max_timeouts), .min = 1, .max = TRIES_MAX},
    {"backoff", SETTINGS_OWN, 0,
     .form = "a form such as exp:1s..1h~0.2, linear:5s..10m or fixed:30s", .read = read_backoff,
     .show = show_backoff},
};

void queue_settings_init(void *item)
{
	((struct queue_settings *)item)->retry = retry_default;
}

/* ---- the list ---- */

static const struct settings_list *list_of(const struct settings_schema *schema)
{
	return settings_list_find(schema, "queues");
}

size_t queues_count(const struct settings_schema *schema, const void *settings)
{
	return settings_list_count(list_of(schema), settings);
}

struct queue_settings *queues_at(const struct settings_schema *schema, const void *settings,
                                 size_t i)
{
	return settings_list_item(list_of(schema), settings, i);
}

static struct queue_settings *append(const struct settings_schema *schema, void *settings,
                                     const char *name)
{
	struct queue_settings *q =
	    settings_list_insert(list_of(schema), settings, queues_count(schema, settings));
	q->name = xstrdup(name);
	return q;
}

/* Returns the queue of that name, which is the last one then. */
static struct queue_settings *take_last(const struct settings_schema *schema, void *settings,
                                        const char *name)
{
	size_t count = queues_count(schema, settings);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(queues_at(schema, settings, i)->name, name) != 0)
			continue;
		settings_list_move(list_of(schema), settings, i, count - 1);
		return queues_at(schema, settings, count - 1);
	}
	return append(schema, settings, name);
}

int queues_use(const struct settings_schema *schema, void *settings, const char *spec, bool only,
               struct error *err)
{
	cleanup_free char *name = xstrdup(spec);
	char *colon = strchr(name, ':');
	int64_t weight = 0;
	if (colon &&
	    (!settings_parse_size(colon + 1, &weight) || weight < 1 || weight > WEIGHT_MAX))
		return error_set(err, ERROR_USAGE,
		                 "the weight in '%.120s' must be a number from 1 to 1000", spec);
	if (colon)
		*colon = 0;
	if (!valid_name(name))
		return error_set(err, ERROR_USAGE, "queue name '%.100s' must be " QUEUE_NAME_FORM,
		                 name);
	struct queue_settings *q = take_last(schema, settings, name);
	if (weight)
		q->weight = (unsigned)weight;
	while (only && queues_count(schema, settings) > 1)
		settings_list_remove(list_of(schema), settings, 0);
	return 0;
}

int queues_set(const struct settings_schema *schema, void *settings, const char *name,
               const char *called, const char *value, struct error *err)
{
	const struct settings_list *l = list_of(schema);
	for (size_t i = 0; i < settings_list_count(l, settings); i++) {
		struct settings_field f =
		    settings_find(&l->table, settings_list_item(l, settings, i), name);
		if (!f.key)
			return error_set(err, ERROR_USAGE, "a queue has no setting '%s'", name);
		if (settings_read(f, called, value, err) == 0)
			continue;
		err->kind = ERROR_USAGE;
		return -1;
	}
	return 0;
}

/* ---- checking ---- */

static bool is_twice(const struct settings_schema *schema, const void *settings, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(queues_at(schema, settings, i)->name,
		           queues_at(schema, settings, at)->name) == 0)
			return true;
	return false;
}

int queues_check(const struct settings_schema *schema, void *settings, struct error *err)
{
	if (queues_count(schema, settings) == 0)
		append(schema, settings, "default");
	size_t count = queues_count(schema, settings);
	if (count > QUEUES_MAX)
		return error_set(err, ERROR_CONFIG, "%zu queues are configured; the limit is %d",
		                 count, QUEUES_MAX);
	for (size_t i = 0; i < count; i++)
		if (is_twice(schema, settings, i))
			return error_set(err, ERROR_CONFIG, "queue '%s' is configured twice",
			                 queues_at(schema, settings, i)->name);
	return 0;
}

int queues_check_keys(const struct queue_settings *q, bool is_signed, const char *sealing,
                      struct error *err)
{
	if (!keys_supported() && (sealing || is_signed))
		return error_set(err, ERROR_CONFIG,
		                 "queue '%s' has keys, and this program was built without "
		                 "libsodium: it cannot sign or seal jobs",
		                 q->name);
	if (sealing && q->raw)
		return error_set(
		    err, ERROR_CONFIG,
		    "queue '%s' has %s and codec \"raw\": only job documents have args to seal",
		    q->name, sealing);
	return 0;
}
