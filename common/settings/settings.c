/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/job/job.h"
#include "common/job/keys.h"
#include "common/base/memory.h"
#include "common/base/nearest.h"
#include "common/base/secret_file.h"
#include "common/settings/settings_keys.h"

/* ---- queues, handlers, routes, URLs ---- */

struct settings_queue *settings_new_queue(struct settings *s)
{
	s->queues = xrealloc(s->queues, s->queue_count + 1, sizeof *s->queues);
	struct settings_queue *q = &s->queues[s->queue_count++];
	*q = (struct settings_queue){.retry = retry_default};
	settings_standard(&settings_queues, q);
	return q;
}

struct settings_handler *settings_new_handler(struct settings *s, size_t at)
{
	s->handlers = xrealloc(s->handlers, s->handler_count + 1, sizeof *s->handlers);
	memmove(&s->handlers[at + 1], &s->handlers[at],
	        (s->handler_count - at) * sizeof *s->handlers);
	s->handler_count++;
	s->handlers[at] = (struct settings_handler){.timeout_ms = SETTINGS_UNSET,
	                                            .grace_ms = SETTINGS_UNSET,
	                                            .concurrency = SETTINGS_UNSET,
	                                            .children = SETTINGS_UNSET,
	                                            .memory = SETTINGS_UNSET,
	                                            .cpu_ms = SETTINGS_UNSET,
	                                            .files = SETTINGS_UNSET,
	                                            .processes = SETTINGS_UNSET,
	                                            .file_size = SETTINGS_UNSET};
	settings_standard(&settings_handlers, &s->handlers[at]);
	return &s->handlers[at];
}

struct settings_route *settings_new_route(struct settings *s)
{
	s->routes = xrealloc(s->routes, s->route_count + 1, sizeof *s->routes);
	s->routes[s->route_count] = (struct settings_route){0};
	return &s->routes[s->route_count++];
}

void settings_set_urls(struct settings *s, const char *list)
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

/* ---- life ---- */

static void set_standard_name(struct settings *s, enum settings_program program)
{
	char host[256] = "worker";
	gethostname(host, sizeof host - 1);
	s->name = xprintf("%s%s:%d", program == SETTINGS_WORKER ? "" : "warren-producer ", host,
	                  (int)getpid());
}

void settings_init(struct settings *s, enum settings_program program)
{
	*s = (struct settings){0};
	settings_set_urls(s, "amqp://guest@localhost:5672/");
	settings_standard(&settings_top, s);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	s->slots = processors > 0 ? processors : 1;
	set_standard_name(s, program);
}

void settings_finish(struct settings *s)
{
	settings_clear(&settings_top, s);
	for (size_t i = 0; i < s->url_count; i++)
		free(s->urls[i]);
	for (size_t i = 0; i < s->queue_count; i++)
		settings_clear(&settings_queues, &s->queues[i]);
	for (size_t i = 0; i < s->handler_count; i++) {
		settings_clear(&settings_handlers, &s->handlers[i]);
		free(s->handlers[i].exits);
	}
	for (size_t i = 0; i < s->route_count; i++)
		settings_clear(&settings_routes, &s->routes[i]);
	free(s->urls);
	free(s->queues);
	free(s->handlers);
	free(s->routes);
	*s = (struct settings){0};
}

/* ---- where they come from ---- */

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

static void variable_name(const struct settings_key *k, char *out, size_t size)
{
	size_t len = (size_t)snprintf(out, size, "WARREN_%s", k->name);
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(out[i] >= 'a' && out[i] <= 'z' ? out[i] - 'a' + 'A' : out[i]);
}

static int load_environment(struct settings *s, enum settings_program program, struct error *err)
{
	const char *url = getenv("AMQP_URL"), *password = getenv("AMQP_PASSWORD");
	if (url && *url)
		settings_set_urls(s, url);
	for (size_t i = 0; i < settings_top.count; i++) {
		const struct settings_key *k = &settings_top.keys[i];
		char name[64];
		variable_name(k, name, sizeof name);
		const char *value = k->programs & program ? getenv(name) : NULL;
		if (value && settings_read(k, s, name, value, err) < 0)
			return error_wrap(err, "environment");
	}
	if (!password || !*password)
		return 0;
	return settings_read(settings_find(&settings_top, program, "password"), s, "AMQP_PASSWORD",
	                     password, err);
}

int settings_load(struct settings *s, enum settings_program program, const char *file,
                  struct error *err)
{
	const char *named = file ? file : getenv("WARREN_CONFIG");
	cleanup_free char *found = named && *named ? NULL : standard_file(program);
	const char *path = named && *named ? named : found;
	if (path && settings_load_file(s, program, path, err) < 0)
		return -1;
	return load_environment(s, program, err);
}

int settings_set(struct settings *s, enum settings_program program, const char *option,
                 const char *value, struct error *err)
{
	char key[64], called[64];
	if (strcmp(option, "url") == 0) {
		settings_set_urls(s, value);
		return 0;
	}
	snprintf(key, sizeof key, "%s", option);
	snprintf(called, sizeof called, "--%s", option);
	for (char *c = key; *c; c++)
		*c = *c == '-' ? '_' : *c;
	const struct settings_key *k = settings_find(&settings_top, program, key);
	if (!k)
		return error_set(err, ERROR_USAGE, "there is no setting '%s'", key);
	if (settings_read(k, s, called, value, err) == 0)
		return 0;
	err->kind = ERROR_USAGE;
	return -1;
}

static void forget_other_queues(struct settings *s, struct settings_queue kept)
{
	for (size_t i = 0; i < s->queue_count; i++)
		settings_clear(&settings_queues, &s->queues[i]);
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
	settings_new_queue(s)->name = xstrdup(name);
	return s->queues[--s->queue_count];
}

int settings_use_queue(struct settings *s, const char *spec, bool first, struct error *err)
{
	cleanup_free char *name = xstrdup(spec);
	char *colon = strchr(name, ':');
	int64_t weight = 0;
	if (colon && (!settings_parse_size(colon + 1, &weight) || weight < 1 || weight > 1000))
		return error_set(err, ERROR_USAGE,
		                 "the weight in '%.120s' must be a number from 1 to 1000", spec);
	if (colon)
		*colon = 0;
	if (!queue_name_valid(span_of(name)))
		return error_set(err, ERROR_USAGE, "queue name '%.100s' must be " QUEUE_NAME_FORM,
		                 name);
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

int settings_of_queues(struct settings *s, enum settings_program program, const char *option,
                       const char *value, struct error *err)
{
	cleanup_free char *name = xstrdup(option), *called = xprintf("--%s", option);
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	const struct settings_key *k = settings_find(&settings_queues, program, name);
	if (!k)
		return error_set(err, ERROR_USAGE, "a queue has no setting '%s'", name);
	for (size_t i = 0; i < s->queue_count; i++) {
		if (settings_read(k, &s->queues[i], called, value, err) == 0)
			continue;
		err->kind = ERROR_USAGE;
		return -1;
	}
	return 0;
}

int settings_add_handler(struct settings *s, const char *spec, struct error *err)
{
	const char *equals = strchr(spec, '=');
	if (!equals || equals == spec || !equals[1])
		return error_set(err, ERROR_USAGE,
		                 "--handler wants TYPE-GLOB=exec:CMD, not '%.200s'", spec);
	struct settings_handler *h = settings_new_handler(s, s->command_line_handlers++);
	h->type = xmemdup(spec, (size_t)(equals - spec));
	h->run = xstrdup(equals + 1);
	return 0;
}

int settings_with(struct settings *s, const char *spec, struct error *err)
{
	const char *equals = strchr(spec, '=');
	if (!equals || s->command_line_handlers == 0)
		return error_set(err, ERROR_USAGE,
		                 "--with wants KEY=VALUE behind a --handler, not '%.100s'", spec);
	cleanup_free char *name = xmemdup(spec, (size_t)(equals - spec));
	const struct settings_key *k = settings_find(&settings_handlers, SETTINGS_WORKER, name);
	if (!k || k->required) {
		const char *names[64];
		size_t count = 0;
		for (size_t i = 0;
		     i < settings_handlers.count && count < sizeof names / sizeof *names; i++)
			names[count++] = settings_handlers.keys[i].name;
		const char *near = nearest_name(name, names, count);
		return error_set(err, ERROR_USAGE, "a handler has no setting '%.60s'%s%s%s", name,
		                 near ? "; did you mean '" : "", near ? near : "",
		                 near ? "'?" : "");
	}
	if (settings_read(k, &s->handlers[s->command_line_handlers - 1], name, equals + 1, err) ==
	    0)
		return 0;
	err->kind = ERROR_USAGE;
	return error_wrap(err, "--with");
}

/* ---- checking ---- */

static int read_password_file(struct settings *s, struct error *err)
{
	cleanup_close int fd =
	    secret_file_open("password_file", s->password_file, SECRET_CLOSED, err);
	char text[1024];
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, sizeof text - 1);
	if (n <= 0 || n == sizeof text - 1)
		return error_set(err, ERROR_CONFIG, "password_file '%s' is empty or too long",
		                 s->password_file);
	text[n] = 0;
	text[strcspn(text, "\r\n")] = 0;
	free(s->password);
	s->password = xstrdup(text);
	explicit_bzero(text, sizeof text);
	return 0;
}

static int check_keys(const struct settings_queue *q, struct error *err)
{
	const char *sealing = q->seal_to ? "seal_to" : q->open_with ? "open_with" : NULL;
	if (!keys_supported() && (sealing || q->sign_with || q->signed_by))
		return error_set(err, ERROR_CONFIG,
		                 "queue '%s' has keys, and this program was built without "
		                 "libsodium: it cannot sign or "
		                 "seal jobs",
		                 q->name);
	if (sealing && q->raw)
		return error_set(
		    err, ERROR_CONFIG,
		    "queue '%s' has %s and codec \"raw\": only job documents have args to seal",
		    q->name, sealing);
	return 0;
}

static int check_queues(const struct settings *s, struct error *err)
{
	if (s->queue_count > 64)
		return error_set(err, ERROR_CONFIG, "%zu queues are configured; the limit is 64",
		                 s->queue_count);
	for (size_t i = 0; i < s->queue_count; i++) {
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->queues[i].name, s->queues[k].name) == 0)
				return error_set(err, ERROR_CONFIG,
				                 "queue '%s' is configured twice",
				                 s->queues[i].name);
		if (check_keys(&s->queues[i], err) < 0)
			return -1;
	}
	return 0;
}

int settings_check(struct settings *s, enum settings_program program, struct error *err)
{
	(void)program;
	if (s->url_count == 0)
		return error_set(err, ERROR_CONFIG, "urls holds no broker URL");
	if (s->password_file && read_password_file(s, err) < 0)
		return -1;
	if (s->queue_count == 0)
		settings_new_queue(s)->name = xstrdup("default");
	return check_queues(s, err);
}

/* ---- showing ---- */

static void show_url(FILE *out, const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;
	const char *at = strrchr(host, '@');
	cleanup_free char *shown = xprintf("%.*s%s", (int)(host - url), url, at ? at + 1 : host);
	settings_print_text(shown, out);
}

static void show_urls(const struct settings *s, FILE *out)
{
	fputs("urls = [", out);
	for (size_t i = 0; i < s->url_count; i++) {
		fputs(i ? ", " : "", out);
		show_url(out, s->urls[i]);
	}
	fputs("];\n", out);
}

static void show_group(const struct settings_table *t, unsigned program, const void *object,
                       FILE *out)
{
	fputs("\n  {", out);
	for (size_t i = 0; i < t->count; i++) {
		const struct settings_key *k = &t->keys[i];
		if (!(k->programs & program) || settings_unset(k, object))
			continue;
		fprintf(out, " %s = ", k->name);
		settings_print(k, object, out);
		fputc(';', out);
	}
	fputs(" }", out);
}

static void show_groups(const struct settings_table *t, unsigned program, const void *first,
                        size_t size, size_t count, FILE *out)
{
	fprintf(out, "%s = (", t->name);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? "," : "", out);
		show_group(t, program, (const char *)first + i * size, out);
	}
	fputs("\n);\n", out);
}

void settings_show(const struct settings *s, enum settings_program program, FILE *out)
{
	show_urls(s, out);
	for (size_t i = 0; i < settings_top.count; i++) {
		const struct settings_key *k = &settings_top.keys[i];
		if (!(k->programs & program))
			continue;
		fprintf(out, "%s = ", k->name);
		settings_print(k, s, out);
		fputs(";\n", out);
	}
	show_groups(&settings_queues, program, s->queues, sizeof *s->queues, s->queue_count, out);
	if (program == SETTINGS_WORKER)
		show_groups(&settings_handlers, program, s->handlers, sizeof *s->handlers,
		            s->handler_count, out);
	else
		show_groups(&settings_routes, program, s->routes, sizeof *s->routes, s->route_count,
		            out);
}
