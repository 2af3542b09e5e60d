/* SPDX-License-Identifier: Apache-2.0 */
/* A libconfig file into the settings. */
#include <errno.h>
#include <libconfig.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/nearest.h"
#include "common/settings/settings_keys.h"

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

/* more: names beside the table's. */
static int unknown(const struct loading *l, const config_setting_t *c,
                   const struct settings_table *t, const char *const *more, size_t more_count)
{
	const char *names[64];
	size_t count = 0;
	for (size_t i = 0; i < more_count; i++)
		names[count++] = more[i];
	for (size_t i = 0; i < t->count && count < sizeof names / sizeof *names; i++)
		if (t->keys[i].programs & l->program)
			names[count++] = t->keys[i].name;
	const char *near = nearest_name(config_setting_name(c), names, count);
	error_set(l->err, ERROR_CONFIG, "unknown key '%s'%s%s%s%s%s", config_setting_name(c),
	          t->name ? " in " : "", t->name ? t->name : "", near ? "; did you mean '" : "",
	          near ? near : "", near ? "'?" : "");
	return at_line(l, c);
}

static int load_value(const struct loading *l, const config_setting_t *c,
                      const struct settings_key *k, void *object)
{
	char text[4096];
	if (need_scalar(l, c, text, sizeof text) < 0)
		return -1;
	return settings_read(k, object, k->name, text, l->err) < 0 ? at_line(l, c) : 0;
}

static int load_group(const struct loading *l, const config_setting_t *group,
                      const struct settings_table *t, void *object)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *c = config_setting_get_elem(group, (unsigned)i);
		const struct settings_key *k = settings_find(t, l->program, config_setting_name(c));
		if (!k)
			return unknown(l, c, t, NULL, 0);
		if (load_value(l, c, k, object) < 0)
			return -1;
	}
	for (size_t i = 0; i < t->count; i++) {
		if (!t->keys[i].required || !settings_unset(&t->keys[i], object))
			continue;
		error_set(l->err, ERROR_CONFIG, "an entry of %s needs the key '%s'", t->name,
		          t->keys[i].name);
		return at_line(l, group);
	}
	return 0;
}

static void *new_object(const struct loading *l, const struct settings_table *t)
{
	if (t == &settings_queues)
		return settings_new_queue(l->s);
	if (t == &settings_handlers)
		return settings_new_handler(l->s, l->s->handler_count);
	return settings_new_route(l->s);
}

static int load_list(const struct loading *l, const config_setting_t *list,
                     const struct settings_table *t)
{
	if (!config_setting_is_list(list)) {
		error_set(l->err, ERROR_CONFIG, "'%s' wants a list of groups: ( { ... }, { ... } )",
		          t->name);
		return at_line(l, list);
	}
	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *c = config_setting_get_elem(list, (unsigned)i);
		if (!config_setting_is_group(c)) {
			error_set(l->err, ERROR_CONFIG, "'%s' wants groups: { ... }", t->name);
			return at_line(l, c);
		}
		if (load_group(l, c, t, new_object(l, t)) < 0)
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
	settings_set_urls(l->s, list.data ? list.data : "");
	buf_finish(&list);
	return 0;
}

static int load_key(const struct loading *l, const config_setting_t *c)
{
	const struct settings_table *of_program =
	    l->program == SETTINGS_WORKER ? &settings_handlers : &settings_routes;
	const char *more[] = {"urls", settings_queues.name, of_program->name};
	const char *name = config_setting_name(c);
	if (strcmp(name, "urls") == 0)
		return load_urls(l, c);
	if (strcmp(name, settings_queues.name) == 0)
		return load_list(l, c, &settings_queues);
	if (strcmp(name, of_program->name) == 0)
		return load_list(l, c, of_program);
	const struct settings_key *k = settings_find(&settings_top, l->program, name);
	return k ? load_value(l, c, k, l->s)
	         : unknown(l, c, &settings_top, more, sizeof more / sizeof *more);
}

static int load_config(const struct loading *l, config_t *config)
{
	errno = 0;
	if (config_read_file(config, l->file) != CONFIG_TRUE) {
		if (config_error_type(config) == CONFIG_ERR_FILE_IO)
			return error_set_errno(l->err, ERROR_NOINPUT, errno ? errno : ENOENT,
			                       "config file '%s'", l->file);
		return error_set(l->err, ERROR_CONFIG, "%s:%d: %s", l->file,
		                 config_error_line(config), config_error_text(config));
	}
	const config_setting_t *root = config_root_setting(config);
	for (int i = 0; i < config_setting_length(root); i++)
		if (load_key(l, config_setting_get_elem(root, (unsigned)i)) < 0)
			return -1;
	return 0;
}

int settings_load_file(struct settings *s, enum settings_program program, const char *file,
                       struct error *err)
{
	config_t config;
	struct loading l = {s, program, file, err};
	config_init(&config);
	int rc = load_config(&l, &config);
	config_destroy(&config);
	return rc;
}
