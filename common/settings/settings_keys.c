/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/settings_keys.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/job/job.h"
#include "common/base/memory.h"
#include "common/job/topology.h"

/* ---- keys with a form of their own ---- */

static bool valid_queue_name(const char *text)
{
	return queue_name_valid(span_of(text));
}

static bool valid_type(const char *text)
{
	return !*text || job_type_valid(span_of(text));
}

static bool valid_folder(const char *text)
{
	return !*text || (text[0] == '/' && strlen(text) < 256);
}

static bool valid_umask(const char *text)
{
	size_t digits = strspn(text, "01234567");
	return !text[digits] && digits <= 4;
}

static bool read_codec(void *object, const char *text)
{
	struct settings_queue *q = object;
	q->raw = strcmp(text, "raw") == 0;
	return q->raw || strcmp(text, "json") == 0;
}

static void show_codec(const void *object, FILE *out)
{
	fputs(((const struct settings_queue *)object)->raw ? "\"raw\"" : "\"json\"", out);
}

static bool read_backoff(void *object, const char *text)
{
	struct settings_queue *q = object;
	struct retry_override over = {0};
	if (!retry_parse_backoff(text, &over))
		return false;
	q->retry = retry_apply(&q->retry, &over);
	return true;
}

static void show_backoff(const void *object, FILE *out)
{
	const struct retry_policy *r = &((const struct settings_queue *)object)->retry;
	char base[CLOCK_TEXT_SIZE], max[CLOCK_TEXT_SIZE];
	fprintf(out, "\"%s:%s..%s~%g\"", backoff_name(r->kind),
	        clock_format_duration(r->base_ms, base), clock_format_duration(r->max_ms, max),
	        r->jitter);
}

static bool read_exit(struct settings_exit *e, const char *word)
{
	static const char *const verdicts[] = {"ok", "retry", "dead"};
	char *end;
	errno = 0;
	long code = strtol(word, &end, 10);
	if (end == word || *end != '=' || errno || code < 0 || code > 255)
		return false;
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		if (strcmp(end + 1, verdicts[i]) != 0)
			continue;
		*e = (struct settings_exit){.code = (int)code, .verdict = verdicts[i]};
		return true;
	}
	return false;
}

static bool read_exits(void *object, const char *text)
{
	struct settings_handler *h = object;
	cleanup_free char *copy = xstrdup(text);
	char *rest = NULL;
	h->exit_count = 0;
	for (char *word = strtok_r(copy, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest)) {
		h->exits = xrealloc(h->exits, h->exit_count + 1, sizeof *h->exits);
		if (!read_exit(&h->exits[h->exit_count], word))
			return false;
		h->exit_count++;
	}
	return true;
}

static void show_exits(const void *object, FILE *out)
{
	const struct settings_handler *h = object;
	fputc('"', out);
	for (size_t i = 0; i < h->exit_count; i++)
		fprintf(out, "%s%d=%s", i ? " " : "", h->exits[i].code, h->exits[i].verdict);
	fputc('"', out);
}

/* ---- the tables ---- */

#define BOTH (SETTINGS_PRODUCER | SETTINGS_WORKER)
enum { MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

#define AT(field) offsetof(struct settings, field)
static const struct settings_key top_keys[] = {
    {"user", SETTINGS_TEXT, BOTH, AT(user), .standard = NULL},
    {"password", SETTINGS_SECRET, BOTH, AT(password), .standard = NULL},
    {"password_file", SETTINGS_TEXT, BOTH, AT(password_file), .standard = NULL},
    {"prefix", SETTINGS_TEXT, BOTH, AT(prefix), .standard = TOPOLOGY_PREFIX_DEFAULT,
     .valid = valid_queue_name, .form = QUEUE_NAME_FORM},
    {"heartbeat", SETTINGS_TIME, BOTH, AT(heartbeat_ms), .standard = "30s", .min = 2000,
     .max = 10 * MINUTE},
    {"connect_timeout", SETTINGS_TIME, BOTH, AT(connect_timeout_ms), .standard = "5s", .min = 100,
     .max = 5 * MINUTE},
    {"tls_ca", SETTINGS_TEXT, BOTH, AT(tls_ca), .standard = NULL},
    {"tls_cert", SETTINGS_TEXT, BOTH, AT(tls_cert), .standard = NULL},
    {"tls_key", SETTINGS_TEXT, BOTH, AT(tls_key), .standard = NULL},
    {"sasl_external", SETTINGS_BOOL, BOTH, AT(sasl_external), .standard = "false"},
    {"mgmt_url", SETTINGS_SECRET, SETTINGS_PRODUCER, AT(mgmt_url), .standard = NULL},
    {"log_level", SETTINGS_CHOICE, BOTH, AT(log_level), .standard = "info",
     .choices = "debug info warn error nothing"},
    {"log_format", SETTINGS_CHOICE, BOTH, AT(log_format), .standard = "text",
     .choices = "text json"},
    {"log_file", SETTINGS_TEXT, BOTH, AT(log_file), .standard = NULL},
    {"max_body", SETTINGS_SIZE, BOTH, AT(max_body), .standard = "1M", .min = 1024,
     .max = 128 << 20},
    {"default_queue", SETTINGS_TEXT, SETTINGS_PRODUCER, AT(default_queue), .standard = "default",
     .valid = valid_queue_name, .form = QUEUE_NAME_FORM},
    {"confirm_timeout", SETTINGS_TIME, SETTINGS_PRODUCER, AT(confirm_timeout_ms), .standard = "30s",
     .min = 100, .max = DAY},
    {"window", SETTINGS_NUMBER, SETTINGS_PRODUCER, AT(window), .standard = "1000", .min = 1,
     .max = 100000},
    {"name", SETTINGS_TEXT, SETTINGS_WORKER, AT(name), .standard = NULL},
    {"slots", SETTINGS_NUMBER, SETTINGS_WORKER, AT(slots), .min = 1, .max = 2000},
    {"timeout", SETTINGS_TIME, SETTINGS_WORKER, AT(timeout_ms), .standard = "5m", .min = 1,
     .max = 365LL * DAY},
    {"grace", SETTINGS_TIME, SETTINGS_WORKER, AT(grace_ms), .standard = "10s", .min = 0,
     .max = HOUR},
    {"drain", SETTINGS_TIME, SETTINGS_WORKER, AT(drain_ms), .standard = "30s", .min = 0,
     .max = DAY},
    {"broker_consumer_timeout", SETTINGS_TIME, SETTINGS_WORKER, AT(broker_consumer_timeout_ms),
     .standard = "30m", .min = MINUTE, .max = 366LL * DAY},
    {"result_max", SETTINGS_SIZE, SETTINGS_WORKER, AT(result_max), .standard = "64K", .min = 0,
     .max = 64 << 20},
    {"log_output", SETTINGS_BOOL, SETTINGS_WORKER, AT(log_output), .standard = "true"},
};
#undef AT

#define AT(field) offsetof(struct settings_queue, field)
static const struct settings_key queue_keys[] = {
    {"name", SETTINGS_TEXT, BOTH, AT(name), .required = true, .valid = valid_queue_name,
     .form = QUEUE_NAME_FORM},
    {"weight", SETTINGS_SHORT, BOTH, AT(weight), .standard = "1", .min = 1, .max = 1000},
    {"codec", SETTINGS_OWN, BOTH, AT(raw), .standard = "json", .form = "\"json\" or \"raw\"",
     .read = read_codec, .show = show_codec},
    {"type", SETTINGS_TEXT, BOTH, AT(type), .valid = valid_type,
     .form = "1 to 128 bytes of A-Za-z0-9._-"},
    {"max_attempts", SETTINGS_SHORT, BOTH, AT(retry.max_attempts), .min = 1, .max = 1000000},
    {"max_crashes", SETTINGS_SHORT, BOTH, AT(retry.max_crashes), .min = 1, .max = 1000000},
    {"max_timeouts", SETTINGS_SHORT, BOTH, AT(retry.max_timeouts), .min = 1, .max = 1000000},
    {"backoff", SETTINGS_OWN, BOTH, AT(retry),
     .form = "a form such as exp:1s..1h~0.2, linear:5s..10m or fixed:30s", .read = read_backoff,
     .show = show_backoff},
    {"sign_with", SETTINGS_TEXT, SETTINGS_PRODUCER, AT(sign_with), .standard = NULL},
    {"seal_to", SETTINGS_TEXT, SETTINGS_PRODUCER, AT(seal_to), .standard = NULL},
    {"signed_by", SETTINGS_TEXT, SETTINGS_WORKER, AT(signed_by), .standard = NULL},
    {"open_with", SETTINGS_TEXT, SETTINGS_WORKER, AT(open_with), .standard = NULL},
    {"require_signed", SETTINGS_BOOL, SETTINGS_WORKER, AT(require_signed), .standard = "true"},
    {"require_sealed", SETTINGS_BOOL, SETTINGS_WORKER, AT(require_sealed), .standard = "true"},
};
#undef AT

#define AT(field) offsetof(struct settings_handler, field)
static const struct settings_key handler_keys[] = {
    {"type", SETTINGS_TEXT, SETTINGS_WORKER, AT(type), .required = true},
    {"run", SETTINGS_TEXT, SETTINGS_WORKER, AT(run), .required = true},
    {"timeout", SETTINGS_TIME, SETTINGS_WORKER, AT(timeout_ms), .min = 1, .max = 365LL * DAY},
    {"grace", SETTINGS_TIME, SETTINGS_WORKER, AT(grace_ms), .min = 0, .max = HOUR},
    {"exit", SETTINGS_OWN, SETTINGS_WORKER, AT(exits),
     .form = "exit codes and verdicts such as \"3=dead 4=retry 5=ok\"", .read = read_exits,
     .show = show_exits},
    {"concurrency", SETTINGS_NUMBER, SETTINGS_WORKER, AT(concurrency), .min = 1, .max = 2000},
    {"children", SETTINGS_NUMBER, SETTINGS_WORKER, AT(children), .min = 1, .max = 2000},
    {"stdio", SETTINGS_BOOL, SETTINGS_WORKER, AT(stdio), .standard = "false"},
    {"recycle_jobs", SETTINGS_NUMBER, SETTINGS_WORKER, AT(recycle_jobs), .standard = "0",
     .max = INT64_MAX},
    {"recycle_memory", SETTINGS_SIZE, SETTINGS_WORKER, AT(recycle_memory), .standard = "0",
     .max = INT64_MAX},
    {"memory", SETTINGS_SIZE, SETTINGS_WORKER, AT(memory), .min = 1 << 20, .max = INT64_MAX},
    {"cpu", SETTINGS_TIME, SETTINGS_WORKER, AT(cpu_ms), .min = 1000, .max = 365LL * DAY},
    {"files", SETTINGS_NUMBER, SETTINGS_WORKER, AT(files), .min = 5, .max = 1 << 20},
    {"processes", SETTINGS_NUMBER, SETTINGS_WORKER, AT(processes), .min = 1, .max = 1 << 22},
    {"file_size", SETTINGS_SIZE, SETTINGS_WORKER, AT(file_size), .max = INT64_MAX},
    {"user", SETTINGS_TEXT, SETTINGS_WORKER, AT(user), .standard = NULL},
    {"group", SETTINGS_TEXT, SETTINGS_WORKER, AT(group), .standard = NULL},
    {"folder", SETTINGS_TEXT, SETTINGS_WORKER, AT(folder), .valid = valid_folder,
     .form = "an absolute path"},
    {"umask", SETTINGS_TEXT, SETTINGS_WORKER, AT(umask), .valid = valid_umask,
     .form = "octal digits such as 077"},
    {"private_tmp", SETTINGS_BOOL, SETTINGS_WORKER, AT(private_tmp), .standard = "false"},
    {"no_new_privileges", SETTINGS_BOOL, SETTINGS_WORKER, AT(no_new_privileges),
     .standard = "false"},
    {"no_network", SETTINGS_BOOL, SETTINGS_WORKER, AT(no_network), .standard = "false"},
    {"environment", SETTINGS_TEXT, SETTINGS_WORKER, AT(environment), .standard = NULL},
};
#undef AT

#define AT(field) offsetof(struct settings_route, field)
static const struct settings_key route_keys[] = {
    {"type", SETTINGS_TEXT, SETTINGS_PRODUCER, AT(type), .required = true},
    {"queue", SETTINGS_TEXT, SETTINGS_PRODUCER, AT(queue), .required = true,
     .valid = valid_queue_name, .form = QUEUE_NAME_FORM},
};
#undef AT

#define COUNT(table) (sizeof(table) / sizeof *(table))
const struct settings_table settings_top = {NULL, top_keys, COUNT(top_keys)};
const struct settings_table settings_queues = {"queues", queue_keys, COUNT(queue_keys)};
const struct settings_table settings_handlers = {"handlers", handler_keys, COUNT(handler_keys)};
const struct settings_table settings_routes = {"routes", route_keys, COUNT(route_keys)};

const struct settings_key *settings_find(const struct settings_table *t, unsigned program,
                                         const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->keys[i].programs & program && strcmp(t->keys[i].name, name) == 0)
			return &t->keys[i];
	return NULL;
}

/* ---- one value ---- */

static void *place(const struct settings_key *k, void *object)
{
	return (char *)object + k->offset;
}

static const void *look(const struct settings_key *k, const void *object)
{
	return (const char *)object + k->offset;
}

static bool is_text(const struct settings_key *k)
{
	return k->kind == SETTINGS_TEXT || k->kind == SETTINGS_SECRET || k->kind == SETTINGS_CHOICE;
}

bool settings_parse_size(const char *text, int64_t *out)
{
	char *end;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (end == text || errno || n < 0)
		return false;
	int64_t unit = *end == 'K' ? 1 << 10 : *end == 'M' ? 1 << 20 : *end == 'G' ? 1 << 30 : 1;
	if (*end && (unit == 1 || end[1]))
		return false;
	return !__builtin_mul_overflow((int64_t)n, unit, out);
}

static bool parse_bool(const char *text, bool *out)
{
	*out = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "1") == 0;
	return *out || strcmp(text, "false") == 0 || strcmp(text, "no") == 0 ||
	       strcmp(text, "0") == 0;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);
	for (const char *at = choices; *at; at += strcspn(at, " "), at += *at == ' ')
		if (strcspn(at, " ") == len && strncmp(at, text, len) == 0)
			return true;
	return false;
}

static int out_of_range(const struct settings_key *k, const char *called, const char *text,
                        struct error *err)
{
	char min[CLOCK_TEXT_SIZE], max[CLOCK_TEXT_SIZE];
	snprintf(min, sizeof min, "%lld", (long long)k->min);
	snprintf(max, sizeof max, "%lld", (long long)k->max);
	if (k->kind == SETTINGS_TIME) {
		clock_format_duration(k->min, min);
		clock_format_duration(k->max, max);
	}
	return error_set(err, ERROR_CONFIG, "%s must be from %s to %s, not '%.100s'", called, min,
	                 max, text);
}

static int read_number(const struct settings_key *k, void *object, const char *called,
                       const char *text, struct error *err)
{
	static const char *const wants[] = {[SETTINGS_TIME] = "a time such as 500ms, 30s, 5m, 2h",
	                                    [SETTINGS_SIZE] = "a size such as 65536, 64K, 1M, 2G",
	                                    [SETTINGS_NUMBER] = "a number",
	                                    [SETTINGS_SHORT] = "a number"};
	int64_t n = 0;
	bool plain = k->kind == SETTINGS_NUMBER || k->kind == SETTINGS_SHORT;
	bool ok = k->kind == SETTINGS_TIME ? clock_parse_duration(text, &n)
	                                   : settings_parse_size(text, &n);
	if (!ok || (plain && strspn(text, "0123456789") != strlen(text)))
		return error_set(err, ERROR_CONFIG, "%s wants %s, not '%.100s'", called,
		                 wants[k->kind], text);
	if (n < k->min || n > k->max)
		return out_of_range(k, called, text, err);
	if (k->kind == SETTINGS_SHORT)
		*(unsigned *)place(k, object) = (unsigned)n;
	else
		*(int64_t *)place(k, object) = n;
	return 0;
}

static int read_text(const struct settings_key *k, void *object, const char *called,
                     const char *text, struct error *err)
{
	if (k->kind == SETTINGS_CHOICE && !is_choice(k->choices, text))
		return error_set(err, ERROR_CONFIG, "%s must be one of: %s; not '%.100s'", called,
		                 k->choices, text);
	if (k->valid && !k->valid(text))
		return error_set(err, ERROR_CONFIG, "%s must be %s, not '%.100s'", called, k->form,
		                 text);
	char **field = place(k, object);
	free(*field);
	*field = *text ? xstrdup(text) : NULL;
	return 0;
}

int settings_read(const struct settings_key *k, void *object, const char *called, const char *text,
                  struct error *err)
{
	switch (k->kind) {
	case SETTINGS_TIME:
	case SETTINGS_SIZE:
	case SETTINGS_NUMBER:
	case SETTINGS_SHORT:
		return read_number(k, object, called, text, err);
	case SETTINGS_BOOL:
		if (parse_bool(text, place(k, object)))
			return 0;
		return error_set(err, ERROR_CONFIG, "%s wants true or false, not '%.100s'", called,
		                 text);
	case SETTINGS_OWN:
		if (k->read(object, text))
			return 0;
		return error_set(err, ERROR_CONFIG, "%s wants %s, not '%.100s'", called, k->form,
		                 text);
	case SETTINGS_TEXT:
	case SETTINGS_SECRET:
	case SETTINGS_CHOICE:
		break;
	}
	return read_text(k, object, called, text, err);
}

void settings_standard(const struct settings_table *t, void *object)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->keys[i].standard)
			settings_read(&t->keys[i], object, t->keys[i].name, t->keys[i].standard,
			              NULL);
}

void settings_print_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

void settings_print(const struct settings_key *k, const void *object, FILE *out)
{
	const void *field = look(k, object);
	char text[CLOCK_TEXT_SIZE];
	switch (k->kind) {
	case SETTINGS_TIME:
		fprintf(out, "\"%s\"", clock_format_duration(*(const int64_t *)field, text));
		break;
	case SETTINGS_SIZE:
	case SETTINGS_NUMBER:
		fprintf(out, "%lld", (long long)*(const int64_t *)field);
		break;
	case SETTINGS_SHORT:
		fprintf(out, "%u", *(const unsigned *)field);
		break;
	case SETTINGS_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case SETTINGS_SECRET:
		settings_print_text(*(char *const *)field ? "(set)" : "", out);
		break;
	case SETTINGS_TEXT:
	case SETTINGS_CHOICE:
		settings_print_text(*(char *const *)field ? *(char *const *)field : "", out);
		break;
	case SETTINGS_OWN:
		k->show(object, out);
		break;
	}
}

bool settings_unset(const struct settings_key *k, const void *object)
{
	if (k->kind == SETTINGS_TIME || k->kind == SETTINGS_SIZE || k->kind == SETTINGS_NUMBER)
		return *(const int64_t *)look(k, object) == SETTINGS_UNSET;
	return is_text(k) && !*(char *const *)look(k, object);
}

void settings_clear(const struct settings_table *t, void *object)
{
	for (size_t i = 0; i < t->count; i++) {
		char **text = is_text(&t->keys[i]) ? place(&t->keys[i], object) : NULL;
		if (text && *text && t->keys[i].kind == SETTINGS_SECRET)
			explicit_bzero(*text, strlen(*text));
		if (text)
			free(steal_ptr(*text));
	}
}
