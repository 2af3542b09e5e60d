/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

struct comparing {
	compare_report_fn *report;
	void *data;
	size_t differences;
};

static void differ(struct comparing *c, const char *object, const char *field, const char *want,
                   const char *have)
{
	c->differences++;
	c->report(c->data, object, field, want, have);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static json_t *find_named(json_t *array, const char *name)
{
	size_t i;
	json_t *value;
	json_array_foreach(array, i,
	                   value) if (strcmp(text_of(value, "name"), name) == 0) return value;
	return NULL;
}

static char *shown_json(const json_t *value)
{
	if (!value)
		return xstrdup("(none)");
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	return text ? text : xstrdup("?");
}

static bool same_value(const struct field *want, const json_t *have)
{
	if (want->kind == 'S')
		return json_is_string(have) && strcmp(json_string_value(have), want->str.data) == 0;
	return json_is_integer(have) && json_integer_value(have) == want->i;
}

static void compare_argument(struct comparing *c, const char *object, const struct entry *e,
                             const json_t *have)
{
	if (same_value(&e->value, have))
		return;
	cleanup_free char *shown = shown_json(have);
	cleanup_free char *want = e->value.kind == 'S' ? xstrdup(e->value.str.data)
	                                               : xprintf("%lld", (long long)e->value.i);
	differ(c, object, e->name, want, shown);
}

static void compare_arguments(struct comparing *c, const char *object, const struct table *want,
                              json_t *have)
{
	const char *key;
	json_t *value;
	for (size_t i = 0; i < want->count; i++)
		compare_argument(c, object, &want->entries[i],
		                 json_object_get(have, want->entries[i].name));
	json_object_foreach(have, key, value)
	{
		if (table_get(want, key))
			continue;
		cleanup_free char *shown = shown_json(value);
		differ(c, object, key, "(none)", shown);
	}
}

/* On quorum queues a policy with one of these keys overrides or tightens the arguments. */
static void compare_policy(struct comparing *c, const char *object, json_t *queue)
{
	static const char *const harmful[] = {"expires",          "overflow",    "max-length",
	                                      "max-length-bytes", "message-ttl", "delivery-limit"};
	json_t *policy = json_object_get(queue, "effective_policy_definition");
	for (size_t i = 0; i < sizeof harmful / sizeof *harmful; i++) {
		json_t *value = json_object_get(policy, harmful[i]);
		bool fuse = strcmp(harmful[i], "max-length-bytes") == 0;
		bool same = strcmp(harmful[i], "overflow") == 0 && json_is_string(value) &&
		            strcmp(json_string_value(value), "reject-publish") == 0;
		if (!value || fuse || same)
			continue;
		cleanup_free char *shown = shown_json(value);
		cleanup_free char *field =
		    xprintf("policy '%s': %s", text_of(queue, "policy"), harmful[i]);
		differ(c, object, field, "(not set by a policy)", shown);
	}
}

static void compare_text(struct comparing *c, const char *object, const char *field,
                         const char *want, const char *have)
{
	if (strcmp(want, have) != 0)
		differ(c, object, field, want, have);
}

static void compare_exchange(struct comparing *c, const struct topology_item *item,
                             json_t *exchanges)
{
	char object[300];
	snprintf(object, sizeof object, "exchange %s", item->name);
	json_t *have = find_named(exchanges, item->name);
	if (!have) {
		differ(c, object, "existence", "declared", "(missing)");
		return;
	}
	compare_text(c, object, "type", item->type, text_of(have, "type"));
	compare_text(c, object, "durable", "true",
	             json_is_true(json_object_get(have, "durable")) ? "true" : "false");
	compare_arguments(c, object, &item->arguments, json_object_get(have, "arguments"));
}

static void compare_queue(struct comparing *c, const struct topology_item *item, json_t *queues)
{
	char object[300];
	snprintf(object, sizeof object, "queue %s", item->name);
	json_t *have = find_named(queues, item->name);
	if (!have) {
		differ(c, object, "existence", "declared", "(missing)");
		return;
	}
	compare_text(c, object, "durable", "true",
	             json_is_true(json_object_get(have, "durable")) ? "true" : "false");
	compare_arguments(c, object, &item->arguments, json_object_get(have, "arguments"));
	compare_policy(c, object, have);
}

static bool same_binding(const struct topology_item *item, json_t *have)
{
	const char *type = item->kind == TOPOLOGY_BIND_QUEUE ? "queue" : "exchange";
	if (strcmp(text_of(have, "source"), item->source) != 0 ||
	    strcmp(text_of(have, "destination"), item->name) != 0 ||
	    strcmp(text_of(have, "destination_type"), type) != 0 ||
	    strcmp(text_of(have, "routing_key"), item->routing_key) != 0)
		return false;
	json_t *arguments = json_object_get(have, "arguments");
	if (json_object_size(arguments) != item->arguments.count)
		return false;
	for (size_t i = 0; i < item->arguments.count; i++)
		if (!same_value(&item->arguments.entries[i].value,
		                json_object_get(arguments, item->arguments.entries[i].name)))
			return false;
	return true;
}

static void compare_binding(struct comparing *c, const struct topology_item *item, json_t *bindings)
{
	size_t i;
	json_t *have;
	char object[600];
	json_array_foreach(bindings, i, have) if (same_binding(item, have)) return;
	topology_describe(item, object, sizeof object);
	differ(c, object, "existence", "bound", "(missing)");
}

size_t compare_topology(const struct topology *t, const struct broker_view *view,
                        compare_report_fn *report, void *data)
{
	struct comparing c = {report, data, 0};
	for (size_t i = 0; i < t->count; i++) {
		const struct topology_item *item = &t->items[i];
		if (item->kind == TOPOLOGY_EXCHANGE)
			compare_exchange(&c, item, view->exchanges);
		else if (item->kind == TOPOLOGY_QUEUE)
			compare_queue(&c, item, view->queues);
		else
			compare_binding(&c, item, view->bindings);
	}
	return c.differences;
}
