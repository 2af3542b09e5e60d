/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/command_line.h"

#include <string.h>

#include "common/base/buf.h"
#include "worker/handlers/words.h"
#include "worker/rules/hold.h"

static int add_command(struct worker_settings *s, const struct options *o, struct error *err)
{
	struct buf spec = {0};
	if (o->after_dashes == 0)
		return 0;
	buf_append_text(&spec, "*=exec:");
	words_join(&spec, o->arguments + o->argument_count - o->after_dashes, o->after_dashes);
	int rc = worker_add_handler(s, spec.data, err);
	buf_finish(&spec);
	return rc;
}

/* Settings before the first --handler belong to the command behind "--", which is added last. */
static int add_settings(struct worker_settings *s, const struct options *o, size_t from,
                        struct error *err)
{
	for (size_t i = from; i < o->count && strcmp(o->given[i].spec->name, "handler") != 0; i++)
		if (strcmp(o->given[i].spec->name, "with") == 0 &&
		    worker_set_handler(s, o->given[i].value, err) < 0)
			return -1;
	return 0;
}

int command_line_handlers(struct worker_settings *s, const struct options *o, struct error *err)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->given[i].spec->name, "handler") != 0)
			continue;
		if (worker_add_handler(s, o->given[i].value, err) < 0 ||
		    add_settings(s, o, i + 1, err) < 0)
			return -1;
	}
	return add_command(s, o, err) < 0 ? -1 : add_settings(s, o, 0, err);
}

static int add_keys(struct worker_settings *s, const struct options *o, struct error *err)
{
	static const struct {
		const char *option, *called, *key;
	} files[] = {{"signed-by", "--signed-by", "signed_by"},
	             {"open-with", "--open-with", "open_with"}};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const char *file = options_get(o, files[i].option);
		if (file && s->queue_count == 0 &&
		    queues_use(&worker_schema, s, "default", true, err) < 0)
			return -1;
		if (file &&
		    queues_set(&worker_schema, s, files[i].key, files[i].called, file, err) < 0)
			return -1;
	}
	return 0;
}

int command_line_queues(struct worker_settings *s, const struct options *o, struct error *err)
{
	bool first = true;
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->given[i].spec->name, "queue") != 0)
			continue;
		if (queues_use(&worker_schema, s, o->given[i].value, first, err) < 0)
			return -1;
		first = false;
	}
	return add_keys(s, o, err);
}

static int check_timeouts(const struct worker_settings *s, struct error *err)
{
	static const char advice[] = "raise both consumer_timeout of the broker and "
	                             "broker_consumer_timeout here, or lower it";
	int64_t limit_ms = hold_attempt_ms(s->broker_consumer_timeout_ms);
	long long limit_s = limit_ms / 1000;
	for (size_t i = 0; i < s->handler_count; i++)
		if (s->handlers[i].timeout_ms > limit_ms)
			return error_set(
			    err, ERROR_CONFIG,
			    "the timeout of handler '%s' is longer than the %lld s that the "
			    "broker's consumer_timeout leaves for it; %s",
			    s->handlers[i].type, limit_s, advice);
	if (s->timeout_ms > limit_ms)
		return error_set(err, ERROR_CONFIG,
		                 "timeout is longer than the %lld s that the broker's "
		                 "consumer_timeout leaves for it; %s",
		                 limit_s, advice);
	return 0;
}

int command_line_check(struct worker_settings *s, struct error *err)
{
	if (worker_schema.check(s, err) < 0 || check_timeouts(s, err) < 0)
		return -1;
	if (s->handler_count == 0)
		return error_set(err, ERROR_USAGE,
		                 "no handler: give a command behind --, or --handler "
		                 "'TYPE=exec:CMD', or handlers in "
		                 "the config file");
	return 0;
}
