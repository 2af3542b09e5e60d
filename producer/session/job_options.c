/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/session/job_options.h"

#include <stdlib.h>
#include <string.h>

#include "common/job/delay.h"
#include "common/base/memory.h"

static int parse_when(const char *option, const char *text, int64_t now_ms, int64_t *at_ms,
                      struct error *err)
{
	int64_t ms;
	if (clock_parse(span_of(text), at_ms))
		return 0;
	if (!clock_parse_duration(text[0] == '+' ? text + 1 : text, &ms) ||
	    __builtin_add_overflow(now_ms, ms, at_ms))
		return error_set(err, ERROR_USAGE,
		                 "--%s wants a time from now (90s, 10m, 2h) or a point in time "
		                 "(2026-12-24T18:00:00Z), not '%.100s'",
		                 option, text);
	return 0;
}

static int check_delay(const char *option, int64_t now_ms, int64_t at_ms, struct error *err)
{
	if (at_ms - now_ms > (int64_t)DELAY_UNITS_MAX * DELAY_UNIT_MS)
		return error_set(err, ERROR_USAGE,
		                 "--%s lies more than 388 days ahead: that is the longest delay",
		                 option);
	return 0;
}

static int read_times(const struct options *o, int64_t now_ms, struct job *j, struct error *err)
{
	const char *delay = options_get(o, "delay"), *at = options_get(o, "at"),
	           *expires = options_get(o, "expires");
	int64_t ms;
	if (delay && at)
		return error_set(err, ERROR_USAGE, "--delay and --at exclude each other");
	if (delay && !clock_parse_duration(delay, &ms))
		return error_set(err, ERROR_USAGE,
		                 "--delay wants a time such as 90s, 10m, 2h, not '%.100s'", delay);
	if (delay && __builtin_add_overflow(now_ms, ms, &j->not_before_ms))
		return error_set(
		    err, ERROR_USAGE,
		    "--delay lies more than 388 days ahead: that is the longest delay");
	if (at && parse_when("at", at, now_ms, &j->not_before_ms, err) < 0)
		return -1;
	if (j->not_before_ms != CLOCK_NEVER &&
	    check_delay(delay ? "delay" : "at", now_ms, j->not_before_ms, err) < 0)
		return -1;
	return expires ? parse_when("expires", expires, now_ms, &j->expires_at_ms, err) : 0;
}

static int read_limits(const struct options *o, struct job *j, struct error *err)
{
	const char *timeout = options_get(o, "timeout"), *retries = options_get(o, "retries"),
	           *backoff = options_get(o, "backoff");
	if (timeout && (!clock_parse_duration(timeout, &j->timeout_ms) || j->timeout_ms <= 0))
		return error_set(err, ERROR_USAGE,
		                 "--timeout wants a time such as 30s or 5m, not '%.100s'", timeout);
	if (retries) {
		char *end;
		unsigned long n = strtoul(retries, &end, 10);
		if (*end || end == retries || *retries == '-' || n < 1 || n > 1000000)
			return error_set(err, ERROR_USAGE,
			                 "--retries wants a number from 1 to 1000000, not '%.100s'",
			                 retries);
		j->retry.has_max_attempts = true;
		j->retry.max_attempts = (unsigned)n;
	}
	if (backoff && !retry_parse_backoff(backoff, &j->retry))
		return error_set(err, ERROR_USAGE,
		                 "--backoff wants a form such as exp:1s..1h, linear:5s..10m or "
		                 "fixed:30s, not '%.100s'",
		                 backoff);
	return 0;
}

static void add_header(struct job *j, const char *name, size_t len, const char *value)
{
	j->headers = xrealloc(j->headers, j->header_count + 1, sizeof *j->headers);
	j->headers[j->header_count++] = (struct job_header){xmemdup(name, len), xstrdup(value)};
}

static int read_headers(const struct options *o, struct job *j, struct error *err)
{
	for (size_t i = 0; i < o->count; i++) {
		const char *text = o->given[i].value;
		if (strcmp(o->given[i].spec->name, "header") != 0)
			continue;
		const char *equals = strchr(text, '=');
		if (!equals || equals == text)
			return error_set(err, ERROR_USAGE, "-H wants NAME=VALUE, not '%.100s'",
			                 text);
		add_header(j, text, (size_t)(equals - text), equals + 1);
	}
	return 0;
}

int job_options_read(const struct options *o, int64_t now_ms, struct job *j, struct error *err)
{
	*j = (struct job){.created_at_ms = CLOCK_NEVER,
	                  .not_before_ms = CLOCK_NEVER,
	                  .expires_at_ms = CLOCK_NEVER};
	return read_times(o, now_ms, j, err) < 0 || read_limits(o, j, err) < 0 ||
	               read_headers(o, j, err) < 0
	           ? -1
	           : 0;
}

void job_options_apply(const struct job *template, const char *id, const char *type,
                       struct span args, int64_t now_ms, struct job *out)
{
	*out = *template;
	out->headers = NULL;
	out->header_count = 0;
	for (size_t i = 0; i < template->header_count; i++)
		add_header(out, template->headers[i].name, strlen(template->headers[i].name),
		           template->headers[i].value);
	out->id = xstrdup(id);
	out->type = xstrdup(type);
	out->args = xmemdup(args.at, args.len);
	out->args_len = args.len;
	out->created_at_ms = now_ms;
}

const char *job_options_queue(const struct producer_settings *s, const char *forced,
                              const char *type)
{
	if (forced)
		return forced;
	for (size_t i = 0; i < s->route_count; i++)
		if (job_type_matches(s->routes[i].type, type))
			return s->routes[i].queue;
	return s->default_queue ? s->default_queue : "default";
}

struct protect *job_options_protect(const struct producer_settings *s, const struct options *o)
{
	const char *sign_with = options_get(o, "sign-with"), *seal_to = options_get(o, "seal-to");
	struct protect *p = protect_create(s->connection.prefix, sign_with, seal_to);
	for (size_t i = 0; i < s->queue_count; i++) {
		const struct producer_queue_settings *q = &s->queues[i];
		protect_use(p, q->queue.name, sign_with ? sign_with : q->sign_with,
		            seal_to ? seal_to : q->seal_to);
	}
	return p;
}
