/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/job.h"
#include "common/memory.h"
#include "common/nearest.h"
#include "common/topology.h"

/* ---- the table ---- */

enum kind { KIND_TEXT, KIND_SECRET, KIND_TIME, KIND_SIZE, KIND_COUNT, KIND_BOOL, KIND_CHOICE };

struct key {
	const char *name;
	enum kind kind;
	unsigned programs;
	size_t offset;
	const char *standard; /* as text; NULL: unset */
	int64_t min, max;     /* of times (ms), sizes and counts */
	const char *choices;  /* KIND_CHOICE: "a b c" */
};

#define BOTH (SETTINGS_PRODUCER | SETTINGS_WORKER)
#define AT(field) offsetof(struct settings, field)
enum { MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static const struct key keys[] = {
    {"user", KIND_TEXT, BOTH, AT(user), NULL, 0, 0, NULL},
    {"password", KIND_SECRET, BOTH, AT(password), NULL, 0, 0, NULL},
    {"password_file", KIND_TEXT, BOTH, AT(password_file), NULL, 0, 0, NULL},
    {"prefix", KIND_TEXT, BOTH, AT(prefix), TOPOLOGY_PREFIX_DEFAULT, 0, 0, NULL},
    {"heartbeat", KIND_TIME, BOTH, AT(heartbeat_ms), "30s", 2000, 10 * MINUTE, NULL},
    {"connect_timeout", KIND_TIME, BOTH, AT(connect_timeout_ms), "5s", 100, 5 * MINUTE, NULL},
    {"tls_ca", KIND_TEXT, BOTH, AT(tls_ca), NULL, 0, 0, NULL},
    {"tls_cert", KIND_TEXT, BOTH, AT(tls_cert), NULL, 0, 0, NULL},
    {"tls_key", KIND_TEXT, BOTH, AT(tls_key), NULL, 0, 0, NULL},
    {"sasl_external", KIND_BOOL, BOTH, AT(sasl_external), "false", 0, 0, NULL},
    {"mgmt_url", KIND_SECRET, SETTINGS_PRODUCER, AT(mgmt_url), NULL, 0, 0, NULL},
    {"log_level", KIND_CHOICE, BOTH, AT(log_level), "info", 0, 0, "debug info warn error nothing"},
    {"log_format", KIND_CHOICE, BOTH, AT(log_format), "text", 0, 0, "text json"},
    {"log_file", KIND_TEXT, BOTH, AT(log_file), NULL, 0, 0, NULL},
    {"max_body", KIND_SIZE, BOTH, AT(max_body), "1M", 1024, 128 << 20, NULL},
    {"default_queue", KIND_TEXT, SETTINGS_PRODUCER, AT(default_queue), "default", 0, 0, NULL},
    {"confirm_timeout", KIND_TIME, SETTINGS_PRODUCER, AT(confirm_timeout_ms), "30s", 100, DAY, NULL},
    {"window", KIND_COUNT, SETTINGS_PRODUCER, AT(window), "1000", 1, 100000, NULL},
    {"name", KIND_TEXT, SETTINGS_WORKER, AT(name), NULL, 0, 0, NULL},
    {"slots", KIND_COUNT, SETTINGS_WORKER, AT(slots), NULL, 1, 2000, NULL},
    {"timeout", KIND_TIME, SETTINGS_WORKER, AT(timeout_ms), "5m", 1, 365LL * DAY, NULL},
    {"grace", KIND_TIME, SETTINGS_WORKER, AT(grace_ms), "10s", 0, HOUR, NULL},
    {"drain", KIND_TIME, SETTINGS_WORKER, AT(drain_ms), "30s", 0, DAY, NULL},
    {"broker_consumer_timeout", KIND_TIME, SETTINGS_WORKER, AT(broker_consumer_timeout_ms), "30m", MINUTE, 366LL * DAY,
     NULL},
    {"result_max", KIND_SIZE, SETTINGS_WORKER, AT(result_max), "64K", 0, 64 << 20, NULL},
    {"log_output", KIND_BOOL, SETTINGS_WORKER, AT(log_output), "true", 0, 0, NULL},
};
enum { KEYS = sizeof keys / sizeof *keys };

static void *place(struct settings *s, const struct key *k)
{
	return (char *)s + k->offset;
}

static const struct key *find_key(enum settings_program program, const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].programs & program && strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

/* ---- one value ---- */

static bool parse_size(const char *text, int64_t *out)
{
	char *end;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (end == text || errno || n < 0)
		return false;
	int64_t unit = *end == 'K' ? 1024 : *end == 'M' ? 1024 * 1024 : 1;
	if (*end && (unit == 1 || end[1]))
		return false;
	return !__builtin_mul_overflow((int64_t)n, unit, out);
}

static bool parse_bool(const char *text, bool *out)
{
	*out = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "1") == 0;
	return *out || strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "0") == 0;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);
	for (const char *at = choices; *at; at += strcspn(at, " "), at += *at == ' ')
		if (strcspn(at, " ") == len && strncmp(at, text, len) == 0)
			return true;
	return false;
}

static int set_number(struct settings *s, const struct key *k, const char *text, struct error *err)
{
	static const char *const wants[] = {[KIND_TIME] = "a time such as 500ms, 30s, 5m, 2h",
	                                    [KIND_SIZE] = "a size such as 65536, 64K, 1M",
	                                    [KIND_COUNT] = "a number"};
	int64_t n = 0;
	bool ok = k->kind == KIND_TIME ? clock_parse_duration(text, &n) : parse_size(text, &n);
	if (!ok || (k->kind == KIND_COUNT && strspn(text, "0123456789") != strlen(text)))
		return error_set(err, ERROR_CONFIG, "%s wants %s, not '%.100s'", k->name, wants[k->kind], text);
	if (n < k->min || n > k->max) {
		char min[CLOCK_TEXT_SIZE], max[CLOCK_TEXT_SIZE];
		bool time = k->kind == KIND_TIME;
		snprintf(min, sizeof min, "%lld", (long long)k->min);
		snprintf(max, sizeof max, "%lld", (long long)k->max);
		return error_set(err, ERROR_CONFIG, "%s must be from %s to %s, not '%.100s'", k->name,
		                 time ? clock_format_duration(k->min, min) : min,
		                 time ? clock_format_duration(k->max, max) : max, text);
	}
	*(int64_t *)place(s, k) = n;
	return 0;
}

static int set_value(struct settings *s, const struct key *k, const char *text, struct error *err)
{
	switch (k->kind) {
	case KIND_TIME:
	case KIND_SIZE:
	case KIND_COUNT:
		return set_number(s, k, text, err);
	case KIND_BOOL:
		if (!parse_bool(text, place(s, k)))
			return error_set(err, ERROR_CONFIG, "%s wants true or false, not '%.100s'", k->name, text);
		return 0;
	case KIND_CHOICE:
		if (!is_choice(k->choices, text))
			return error_set(err, ERROR_CONFIG, "%s must be one of: %s; not '%.100s'", k->name, k->choices,
			                 text);
		break;
	case KIND_TEXT:
	case KIND_SECRET:
		break;
	}
	char **field = place(s, k);
	free(*field);
	*field = *text || k->kind == KIND_CHOICE ? xstrdup(text) : NULL;
	return 0;
}

/* ---- URLs, queues, handlers, routes ---- */

static void set_urls(struct settings *s, const char *list)
{
	cleanup_free char *copy = xstrdup(list);
	for (size_t i = 0; i < s->url_count; i++)
		free(s->urls[i]);
	s->url_count = 0;
	char *rest = NULL;
	for (char *url = strtok_r(copy, ", ", &rest); url; url = strtok_r(NULL, ", ", &rest)) {
		s->urls = xrealloc(s->urls, s->url_count + 1, sizeof *s->urls);
		s->urls[s->url_count++] = xstrdup(url);
	}
}

static struct settings_queue *add_queue(struct settings *s, const char *name)
{
	s->queues = xrealloc(s->queues, s->queue_count + 1, sizeof *s->queues);
	struct settings_queue *q = &s->queues[s->queue_count++];
	*q = (struct settings_queue){.name = xstrdup(name), .weight = 1, .retry = retry_default};
	return q;
}

static void free_queue(struct settings_queue *q)
{
	free(q->name);
	free(q->type);
}

static struct settings_handler *add_handler(struct settings *s, size_t at)
{
	s->handlers = xrealloc(s->handlers, s->handler_count + 1, sizeof *s->handlers);
	memmove(&s->handlers[at + 1], &s->handlers[at], (s->handler_count - at) * sizeof *s->handlers);
	s->handler_count++;
	s->handlers[at] = (struct settings_handler){.grace_ms = -1};
	return &s->handlers[at];
}

static void free_handler(struct settings_handler *h)
{
	free(h->type);
	free(h->run);
	for (size_t i = 0; i < h->exit_count; i++)
		free(h->exits[i].verdict);
	free(h->exits);
}

/* ---- life ---- */

static void set_standard_name(struct settings *s)
{
	char host[256] = "worker";
	gethostname(host, sizeof host - 1);
	s->name = xprintf("%s:%d", host, (int)getpid());
}

void settings_init(struct settings *s, enum settings_program program)
{
	*s = (struct settings){0};
	set_urls(s, "amqp://guest@localhost:5672/");
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].standard)
			set_value(s, &keys[i], keys[i].standard, NULL);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	s->slots = processors > 0 ? processors : 1;
	if (program == SETTINGS_WORKER)
		set_standard_name(s);
}

void settings_finish(struct settings *s)
{
	for (size_t i = 0; i < KEYS; i++) {
		char **text = place(s, &keys[i]);
		bool is_text = keys[i].kind == KIND_TEXT || keys[i].kind == KIND_SECRET || keys[i].kind == KIND_CHOICE;
		if (is_text && *text && keys[i].kind == KIND_SECRET)
			explicit_bzero(*text, strlen(*text));
		if (is_text)
			free(steal_ptr(*text));
	}
	for (size_t i = 0; i < s->url_count; i++)
		free(s->urls[i]);
	for (size_t i = 0; i < s->queue_count; i++)
		free_queue(&s->queues[i]);
	for (size_t i = 0; i < s->handler_count; i++)
		free_handler(&s->handlers[i]);
	for (size_t i = 0; i < s->route_count; i++) {
		free(s->routes[i].type);
		free(s->routes[i].queue);
	}
	free(s->urls);
	free(s->queues);
	free(s->handlers);
	free(s->routes);
	*s = (struct settings){0};
}

/* ---- the file ---- */

struct loading {
	struct settings *s;
	enum settings_program program;
	const char *file;
	struct error *err;
};

static int at_line(const struct loading *l, const config_setting_t *c)
{
	return error_wrap(l->err, "%s:%u", l->file, config_setting_source_line(c));
}

/* A scalar as text, so that one parser serves files, environment and command line. */
static bool scalar_text(const config_setting_t *c, char *out, size_t size)
{
	switch (config_setting_type(c)) {
	case CONFIG_TYPE_STRING:
		return (size_t)snprintf(out, size, "%s", config_setting_get_string(c)) < size;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(out, size, "%lld", config_setting_get_int64(c));
		return true;
	case CONFIG_TYPE_BOOL:
		snprintf(out, size, "%s", config_setting_get_bool(c) ? "true" : "false");
		return true;
	default:
		return false;
	}
}

static int need_scalar(const struct loading *l, const config_setting_t *c, char *out, size_t size)
{
	if (scalar_text(c, out, size))
		return 0;
	error_set(l->err, ERROR_CONFIG, "'%s' wants a single value (a string, number or boolean)",
	          config_setting_name(c));
	return at_line(l, c);
}

static int unknown(const struct loading *l, const config_setting_t *c, const char *const *names, size_t count,
                   const char *where)
{
	const char *near = nearest_name(config_setting_name(c), names, count);
	error_set(l->err, ERROR_CONFIG, "unknown key '%s'%s%s%s%s", config_setting_name(c), where,
	          near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return at_line(l, c);
}

typedef int read_member_fn(const struct loading *l, void *object, const config_setting_t *c, const char *text);

struct member {
	const char *name;
	read_member_fn *read;
	bool structured; /* not a single value: text is NULL */
};

static int read_members(const struct loading *l, const config_setting_t *group, void *object,
                        const struct member *members, size_t count, const char *where)
{
	const char *names[16];
	for (size_t i = 0; i < count; i++)
		names[i] = members[i].name;
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *c = config_setting_get_elem(group, (unsigned)i);
		char text[4096] = "";
		size_t m = 0;
		while (m < count && strcmp(members[m].name, config_setting_name(c)) != 0)
			m++;
		if (m == count)
			return unknown(l, c, names, count, where);
		if (!members[m].structured && need_scalar(l, c, text, sizeof text) < 0)
			return -1;
		if (members[m].read(l, object, c, members[m].structured ? NULL : text) < 0)
			return at_line(l, c);
	}
	return 0;
}

static int read_count(const struct loading *l, const char *name, const char *text, unsigned max, unsigned *out)
{
	int64_t n;
	if (!parse_size(text, &n) || n < 1 || n > max)
		return error_set(l->err, ERROR_CONFIG, "%s must be a number from 1 to %u, not '%.100s'", name, max,
		                 text);
	*out = (unsigned)n;
	return 0;
}

static int read_time(const struct loading *l, const char *name, const char *text, int64_t *out)
{
	if (clock_parse_duration(text, out))
		return 0;
	return error_set(l->err, ERROR_CONFIG, "%s wants a time such as 500ms, 30s, 5m, 2h, not '%.100s'", name, text);
}

static int queue_name(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	struct settings_queue *q = o;
	(void)c;
	if (!queue_name_valid(span_of(text)))
		return error_set(l->err, ERROR_CONFIG, "queue name '%.100s' must be 1 to 100 bytes of A-Za-z0-9._-",
		                 text);
	free(q->name);
	q->name = xstrdup(text);
	return 0;
}

static int queue_weight(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	(void)c;
	return read_count(l, "weight", text, 1000, &((struct settings_queue *)o)->weight);
}

static int queue_codec(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	(void)c;
	if (strcmp(text, "json") != 0 && strcmp(text, "raw") != 0)
		return error_set(l->err, ERROR_CONFIG, "codec must be \"json\" or \"raw\", not '%.100s'", text);
	((struct settings_queue *)o)->raw = text[0] == 'r';
	return 0;
}

static int queue_type(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	struct settings_queue *q = o;
	(void)c;
	if (*text && !job_type_valid(span_of(text)))
		return error_set(l->err, ERROR_CONFIG, "type '%.100s' must be 1 to 128 bytes of A-Za-z0-9._-", text);
	free(q->type);
	q->type = *text ? xstrdup(text) : NULL;
	return 0;
}

static int queue_attempts(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	(void)c;
	return read_count(l, "max_attempts", text, 1000000, &((struct settings_queue *)o)->retry.max_attempts);
}

static int queue_crashes(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	(void)c;
	return read_count(l, "max_crashes", text, 1000000, &((struct settings_queue *)o)->retry.max_crashes);
}

static int queue_timeouts(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	(void)c;
	return read_count(l, "max_timeouts", text, 1000000, &((struct settings_queue *)o)->retry.max_timeouts);
}

static int queue_backoff(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	struct settings_queue *q = o;
	struct retry_override over = {0};
	(void)c;
	if (!retry_parse_backoff(text, &over))
		return error_set(
		    l->err, ERROR_CONFIG,
		    "backoff wants a form such as exp:1s..1h~0.2, linear:5s..10m or fixed:30s, not '%.100s'", text);
	q->retry = retry_apply(&q->retry, &over);
	return 0;
}

static const struct member queue_members[] = {
    {"name", queue_name, false},
    {"weight", queue_weight, false},
    {"codec", queue_codec, false},
    {"type", queue_type, false},
    {"max_attempts", queue_attempts, false},
    {"max_crashes", queue_crashes, false},
    {"max_timeouts", queue_timeouts, false},
    {"backoff", queue_backoff, false},
};

static int handler_type(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	struct settings_handler *h = o;
	(void)l;
	(void)c;
	free(h->type);
	h->type = xstrdup(text);
	return 0;
}

static int handler_run(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	struct settings_handler *h = o;
	(void)l;
	(void)c;
	free(h->run);
	h->run = xstrdup(text);
	return 0;
}

static int handler_timeout(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	(void)c;
	return read_time(l, "timeout", text, &((struct settings_handler *)o)->timeout_ms);
}

static int handler_grace(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	(void)c;
	return read_time(l, "grace", text, &((struct settings_handler *)o)->grace_ms);
}

static int exit_code(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	int64_t n;
	(void)c;
	if (!parse_size(text, &n) || n > 255)
		return error_set(l->err, ERROR_CONFIG, "code must be a number from 0 to 255, not '%.100s'", text);
	((struct settings_exit *)o)->code = (int)n;
	return 0;
}

static int exit_verdict(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	struct settings_exit *e = o;
	(void)c;
	if (strcmp(text, "ok") != 0 && strcmp(text, "retry") != 0 && strcmp(text, "dead") != 0)
		return error_set(l->err, ERROR_CONFIG, "verdict must be ok, retry or dead, not '%.100s'", text);
	free(e->verdict);
	e->verdict = xstrdup(text);
	return 0;
}

static int handler_exits(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	static const struct member members[] = {{"code", exit_code, false}, {"verdict", exit_verdict, false}};
	struct settings_handler *h = o;
	(void)text;
	if (!config_setting_is_list(c))
		return error_set(l->err, ERROR_CONFIG, "exit wants a list: ( { code = 3; verdict = \"dead\"; } )");
	for (int i = 0; i < config_setting_length(c); i++) {
		h->exits = xrealloc(h->exits, h->exit_count + 1, sizeof *h->exits);
		struct settings_exit *e = &h->exits[h->exit_count++];
		*e = (struct settings_exit){.code = -1};
		if (read_members(l, config_setting_get_elem(c, (unsigned)i), e, members, 2, " in exit") < 0)
			return -1;
		if (e->code < 0 || !e->verdict)
			return error_set(l->err, ERROR_CONFIG, "an entry of exit needs both code and verdict");
	}
	return 0;
}

static const struct member handler_members[] = {
    {"type", handler_type, false},   {"run", handler_run, false},   {"timeout", handler_timeout, false},
    {"grace", handler_grace, false}, {"exit", handler_exits, true},
};

static int route_type(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	(void)l;
	(void)c;
	free(((struct settings_route *)o)->type);
	((struct settings_route *)o)->type = xstrdup(text);
	return 0;
}

static int route_queue(const struct loading *l, void *o, const config_setting_t *c, const char *text)
{
	(void)c;
	if (!queue_name_valid(span_of(text)))
		return error_set(l->err, ERROR_CONFIG, "queue name '%.100s' must be 1 to 100 bytes of A-Za-z0-9._-",
		                 text);
	free(((struct settings_route *)o)->queue);
	((struct settings_route *)o)->queue = xstrdup(text);
	return 0;
}

static const struct member route_members[] = {{"type", route_type, false}, {"queue", route_queue, false}};

static int lacks(const struct loading *l, const config_setting_t *c, const char *what)
{
	error_set(l->err, ERROR_CONFIG, "%s is missing", what);
	return at_line(l, c);
}

static int load_queue(const struct loading *l, const config_setting_t *c)
{
	struct settings_queue *q = add_queue(l->s, "");
	if (read_members(l, c, q, queue_members, sizeof queue_members / sizeof *queue_members, " in queues") < 0)
		return -1;
	return *q->name ? 0 : lacks(l, c, "the queue's name");
}

static int load_handler(const struct loading *l, const config_setting_t *c)
{
	struct settings_handler *h = add_handler(l->s, l->s->handler_count);
	if (read_members(l, c, h, handler_members, sizeof handler_members / sizeof *handler_members, " in handlers") <
	    0)
		return -1;
	return h->type && h->run ? 0 : lacks(l, c, "the handler's type or run");
}

static int load_route(const struct loading *l, const config_setting_t *c)
{
	struct settings *s = l->s;
	s->routes = xrealloc(s->routes, s->route_count + 1, sizeof *s->routes);
	struct settings_route *r = &s->routes[s->route_count++];
	*r = (struct settings_route){0};
	if (read_members(l, c, r, route_members, 2, " in routes") < 0)
		return -1;
	return r->type && r->queue ? 0 : lacks(l, c, "the route's type or queue");
}

static int load_list(const struct loading *l, const config_setting_t *list,
                     int (*load_one)(const struct loading *, const config_setting_t *))
{
	if (!config_setting_is_list(list)) {
		error_set(l->err, ERROR_CONFIG, "'%s' wants a list of groups: ( { ... }, { ... } )",
		          config_setting_name(list));
		return at_line(l, list);
	}
	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *c = config_setting_get_elem(list, (unsigned)i);
		if (!config_setting_is_group(c)) {
			error_set(l->err, ERROR_CONFIG, "'%s' wants groups: { ... }", config_setting_name(list));
			return at_line(l, c);
		}
		if (load_one(l, c) < 0)
			return -1;
	}
	return 0;
}

static int load_urls(const struct loading *l, const config_setting_t *c)
{
	struct buf list = {0};
	char text[1024];
	if (config_setting_is_scalar(c)) {
		if (need_scalar(l, c, text, sizeof text) < 0)
			return -1;
		buf_append_text(&list, text);
	}
	for (int i = 0; config_setting_is_aggregate(c) && i < config_setting_length(c); i++)
		if (scalar_text(config_setting_get_elem(c, (unsigned)i), text, sizeof text))
			buf_printf(&list, "%s%s", i ? "," : "", text);
	set_urls(l->s, list.data ? list.data : "");
	buf_finish(&list);
	return 0;
}

static int load_key(const struct loading *l, const config_setting_t *c)
{
	const char *name = config_setting_name(c);
	char text[4096] = "";
	if (strcmp(name, "urls") == 0)
		return load_urls(l, c);
	if (strcmp(name, "queues") == 0)
		return load_list(l, c, load_queue);
	if (strcmp(name, "handlers") == 0 && l->program == SETTINGS_WORKER)
		return load_list(l, c, load_handler);
	if (strcmp(name, "routes") == 0 && l->program == SETTINGS_PRODUCER)
		return load_list(l, c, load_route);
	const struct key *k = find_key(l->program, name);
	if (k) {
		if (need_scalar(l, c, text, sizeof text) < 0)
			return -1;
		return set_value(l->s, k, text, l->err) < 0 ? at_line(l, c) : 0;
	}
	const char *names[KEYS + 3] = {"urls", "queues", l->program == SETTINGS_WORKER ? "handlers" : "routes"};
	size_t count = 3;
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].programs & l->program)
			names[count++] = keys[i].name;
	return unknown(l, c, names, count, "");
}

static int load_config(struct loading *l, config_t *config)
{
	if (config_read_file(config, l->file) != CONFIG_TRUE) {
		if (config_error_type(config) == CONFIG_ERR_FILE_IO)
			return error_set_errno(l->err, ERROR_NOINPUT, errno ? errno : ENOENT, "config file '%s'",
			                       l->file);
		return error_set(l->err, ERROR_CONFIG, "%s:%d: %s", l->file, config_error_line(config),
		                 config_error_text(config));
	}
	const config_setting_t *root = config_root_setting(config);
	for (int i = 0; i < config_setting_length(root); i++)
		if (load_key(l, config_setting_get_elem(root, (unsigned)i)) < 0)
			return -1;
	return 0;
}

static int load_file(struct settings *s, enum settings_program program, const char *file, struct error *err)
{
	config_t config;
	struct loading l = {s, program, file, err};
	config_init(&config);
	int rc = load_config(&l, &config);
	config_destroy(&config);
	return rc;
}

static char *standard_file(enum settings_program program)
{
	const char *name = program == SETTINGS_WORKER ? "worker" : "producer";
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *candidates[] = {
	    xdg && *xdg ? xprintf("%s/warren/%s.cfg", xdg, name) : NULL,
	    home && *home ? xprintf("%s/.config/warren/%s.cfg", home, name) : NULL,
	    xprintf("%s/warren/%s.cfg", WARREN_SYSCONFDIR, name),
	    xprintf("/etc/warren/%s.cfg", name),
	};
	char *found = NULL;
	for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
		if (!found && candidates[i] && access(candidates[i], R_OK) == 0)
			found = candidates[i];
		else
			free(candidates[i]);
	}
	return found;
}

static int load_environment(struct settings *s, enum settings_program program, struct error *err)
{
	const char *url = getenv("AMQP_URL"), *password = getenv("AMQP_PASSWORD");
	if (url && *url)
		set_urls(s, url);
	for (size_t i = 0; i < KEYS; i++) {
		char name[64] = "WARREN_";
		for (size_t k = 0; keys[i].name[k]; k++)
			name[7 + k] = (char)(keys[i].name[k] >= 'a' && keys[i].name[k] <= 'z' ? keys[i].name[k] - 32
			                                                                      : keys[i].name[k]);
		const char *value = keys[i].programs & program ? getenv(name) : NULL;
		if (value && set_value(s, &keys[i], value, err) < 0)
			return error_wrap(err, "environment variable %s", name);
	}
	return password && *password ? set_value(s, find_key(BOTH, "password"), password, err) : 0;
}

int settings_load(struct settings *s, enum settings_program program, const char *file, struct error *err)
{
	const char *named = file ? file : getenv("WARREN_CONFIG");
	cleanup_free char *found = named && *named ? NULL : standard_file(program);
	const char *path = named && *named ? named : found;
	if (path && load_file(s, program, path, err) < 0)
		return -1;
	return load_environment(s, program, err);
}

/* ---- the command line ---- */

int settings_set(struct settings *s, enum settings_program program, const char *key, const char *value,
                 struct error *err)
{
	if (strcmp(key, "url") == 0) {
		set_urls(s, value);
		return 0;
	}
	const struct key *k = find_key(program, key);
	if (!k)
		return error_set(err, ERROR_USAGE, "there is no setting '%s'", key);
	if (set_value(s, k, value, err) < 0) {
		err->kind = ERROR_USAGE;
		return error_wrap(err, "--%s", key);
	}
	return 0;
}

static void forget_other_queues(struct settings *s, struct settings_queue kept)
{
	for (size_t i = 0; i < s->queue_count; i++)
		free_queue(&s->queues[i]);
	s->queue_count = 0;
	s->queues = xrealloc(s->queues, 1, sizeof *s->queues);
	s->queues[s->queue_count++] = kept;
}

/* The queue with its options taken out of the list, or a new one. */
static struct settings_queue take_queue(struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->queue_count; i++) {
		if (strcmp(s->queues[i].name, name) != 0)
			continue;
		struct settings_queue q = s->queues[i];
		s->queues[i] = s->queues[--s->queue_count];
		return q;
	}
	add_queue(s, name);
	return s->queues[--s->queue_count];
}

int settings_use_queue(struct settings *s, const char *spec, bool first, struct error *err)
{
	cleanup_free char *name = xstrdup(spec);
	char *colon = strchr(name, ':');
	int64_t weight = 0;
	if (colon && (!parse_size(colon + 1, &weight) || weight < 1 || weight > 1000))
		return error_set(err, ERROR_USAGE, "the weight in '%.120s' must be a number from 1 to 1000", spec);
	if (colon)
		*colon = 0;
	if (!queue_name_valid(span_of(name)))
		return error_set(err, ERROR_USAGE, "queue name '%.100s' must be 1 to 100 bytes of A-Za-z0-9._-", name);
	struct settings_queue q = take_queue(s, name);
	if (weight)
		q.weight = (unsigned)weight;
	if (first) {
		forget_other_queues(s, q);
		return 0;
	}
	s->queues = xrealloc(s->queues, s->queue_count + 1, sizeof *s->queues);
	s->queues[s->queue_count++] = q;
	return 0;
}

int settings_add_handler(struct settings *s, const char *spec, struct error *err)
{
	const char *equals = strchr(spec, '=');
	if (!equals || equals == spec || !equals[1])
		return error_set(err, ERROR_USAGE, "--handler wants TYPE-GLOB=exec:CMD, not '%.200s'", spec);
	struct settings_handler *h = add_handler(s, s->command_line_handlers++);
	h->type = xmemdup(spec, (size_t)(equals - spec));
	h->run = xstrdup(equals + 1);
	return 0;
}

/* ---- checking ---- */

static int read_password_file(struct settings *s, struct error *err)
{
	cleanup_close int fd = open(s->password_file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char text[1024];
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set_errno(err, ERROR_NOINPUT, errno, "password_file '%s'", s->password_file);
	if (st.st_mode & 077)
		return error_set(err, ERROR_CONFIG, "password_file '%s' can be read by others; run: chmod 600 '%s'",
		                 s->password_file, s->password_file);
	ssize_t n = read(fd, text, sizeof text - 1);
	if (n <= 0 || n == sizeof text - 1)
		return error_set(err, ERROR_CONFIG, "password_file '%s' is empty or too long", s->password_file);
	text[n] = 0;
	text[strcspn(text, "\r\n")] = 0;
	free(s->password);
	s->password = xstrdup(text);
	explicit_bzero(text, sizeof text);
	return 0;
}

static int check_queues(const struct settings *s, struct error *err)
{
	if (s->queue_count > 64)
		return error_set(err, ERROR_CONFIG, "%zu queues are configured; the limit is 64", s->queue_count);
	for (size_t i = 0; i < s->queue_count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->queues[i].name, s->queues[k].name) == 0)
				return error_set(err, ERROR_CONFIG, "queue '%s' is configured twice",
				                 s->queues[i].name);
	return 0;
}

int settings_check(struct settings *s, enum settings_program program, struct error *err)
{
	(void)program;
	if (s->url_count == 0)
		return error_set(err, ERROR_CONFIG, "urls holds no broker URL");
	if (!s->prefix || !queue_name_valid(span_of(s->prefix)))
		return error_set(err, ERROR_CONFIG, "prefix must be 1 to 100 bytes of A-Za-z0-9._-");
	if (s->default_queue && !queue_name_valid(span_of(s->default_queue)))
		return error_set(err, ERROR_CONFIG, "default_queue must be 1 to 100 bytes of A-Za-z0-9._-");
	if (s->password_file && read_password_file(s, err) < 0)
		return -1;
	if (s->queue_count == 0)
		add_queue(s, "default");
	return check_queues(s, err);
}

/* ---- showing ---- */

static void show_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void show_url(FILE *out, const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;
	const char *at = strrchr(host, '@');
	cleanup_free char *shown = xprintf("%.*s%s", (int)(host - url), url, at ? at + 1 : host);
	show_text(out, shown);
}

static void show_key(const struct settings *s, const struct key *k, FILE *out)
{
	const void *field = (const char *)s + k->offset;
	char text[CLOCK_TEXT_SIZE];
	fprintf(out, "%s = ", k->name);
	switch (k->kind) {
	case KIND_TIME:
		fprintf(out, "\"%s\"", clock_format_duration(*(const int64_t *)field, text));
		break;
	case KIND_SIZE:
	case KIND_COUNT:
		fprintf(out, "%lld", (long long)*(const int64_t *)field);
		break;
	case KIND_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case KIND_SECRET:
		show_text(out, *(char *const *)field ? "(set)" : "");
		break;
	case KIND_TEXT:
	case KIND_CHOICE:
		show_text(out, *(char *const *)field ? *(char *const *)field : "");
		break;
	}
	fputs(";\n", out);
}

static void show_backoff(const struct retry_policy *r, FILE *out)
{
	char base[CLOCK_TEXT_SIZE], max[CLOCK_TEXT_SIZE];
	fprintf(out, "max_attempts = %u; max_crashes = %u; max_timeouts = %u; backoff = \"%s:%s..%s~%g\";",
	        r->max_attempts, r->max_crashes, r->max_timeouts, backoff_name(r->kind),
	        clock_format_duration(r->base_ms, base), clock_format_duration(r->max_ms, max), r->jitter);
}

static void show_queues(const struct settings *s, FILE *out)
{
	fputs("queues = (", out);
	for (size_t i = 0; i < s->queue_count; i++) {
		const struct settings_queue *q = &s->queues[i];
		fprintf(out, "%s\n  { name = \"%s\"; weight = %u; codec = \"%s\"; type = \"%s\"; ", i ? "," : "",
		        q->name, q->weight, q->raw ? "raw" : "json", q->type ? q->type : "");
		show_backoff(&q->retry, out);
		fputs(" }", out);
	}
	fputs("\n);\n", out);
}

static void show_handlers(const struct settings *s, FILE *out)
{
	char time[CLOCK_TEXT_SIZE];
	fputs("handlers = (", out);
	for (size_t i = 0; i < s->handler_count; i++) {
		const struct settings_handler *h = &s->handlers[i];
		fputs(i ? ",\n  { type = " : "\n  { type = ", out);
		show_text(out, h->type);
		fputs("; run = ", out);
		show_text(out, h->run);
		if (h->timeout_ms > 0)
			fprintf(out, "; timeout = \"%s\"", clock_format_duration(h->timeout_ms, time));
		if (h->grace_ms >= 0)
			fprintf(out, "; grace = \"%s\"", clock_format_duration(h->grace_ms, time));
		fputs("; }", out);
	}
	fputs("\n);\n", out);
}

static void show_routes(const struct settings *s, FILE *out)
{
	fputs("routes = (", out);
	for (size_t i = 0; i < s->route_count; i++) {
		fputs(i ? ",\n  { type = " : "\n  { type = ", out);
		show_text(out, s->routes[i].type);
		fprintf(out, "; queue = \"%s\"; }", s->routes[i].queue);
	}
	fputs("\n);\n", out);
}

void settings_show(const struct settings *s, enum settings_program program, FILE *out)
{
	fputs("urls = [", out);
	for (size_t i = 0; i < s->url_count; i++) {
		fputs(i ? ", " : "", out);
		show_url(out, s->urls[i]);
	}
	fputs("];\n", out);
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].programs & program)
			show_key(s, &keys[i], out);
	show_queues(s, out);
	if (program == SETTINGS_WORKER)
		show_handlers(s, out);
	else
		show_routes(s, out);
}
