/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/settings_file.h"

#include <errno.h>
#include <libconfig.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/nearest.h"

enum { NAMES_MAX = 64 };

struct loading {
	const struct settings_schema *schema;
	void *settings;
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

/* At the top level, the lists are keys as well. */
static int unknown(const struct loading *l, const config_setting_t *c,
                   const struct settings_table *t)
{
	const char *names[NAMES_MAX];
	size_t count = 0;
	for (size_t i = 0; !t->name && i < l->schema->list_count && count < NAMES_MAX; i++)
		names[count++] = l->schema->lists[i].table.name;
	count += settings_names(t, names + count, NAMES_MAX - count);
	const char *near = nearest_name(config_setting_name(c), names, count);
	error_set(l->err, ERROR_CONFIG, "unknown key '%s'%s%s%s%s%s", config_setting_name(c),
	          t->name ? " in " : "", t->name ? t->name : "", near ? "; did you mean '" : "",
	          near ? near : "", near ? "'?" : "");
	return at_line(l, c);
}

/* Joins the texts of a list with commas. */
static int load_texts(const struct loading *l, const config_setting_t *c, struct settings_field f)
{
	struct buf list = {0};
	char text[1024];
	for (int i = 0; i < config_setting_length(c); i++)
		if (scalar_text(config_setting_get_elem(c, (unsigned)i), text, sizeof text))
			buf_printf(&list, "%s%s", i ? "," : "", text);
	int rc = settings_read(f, f.key->name, list.data ? list.data : "", l->err);
	buf_finish(&list);
	return rc < 0 ? at_line(l, c) : 0;
}

static int load_value(const struct loading *l, const config_setting_t *c, struct settings_field f)
{
	char text[4096];
	if (f.key->list && config_setting_is_aggregate(c))
		return load_texts(l, c, f);
	if (need_scalar(l, c, text, sizeof text) < 0)
		return -1;
	return settings_read(f, f.key->name, text, l->err) < 0 ? at_line(l, c) : 0;
}

static int check_required(const struct loading *l, const config_setting_t *group,
                          const struct settings_table *t, const void *item)
{
	struct settings_field f;
	for (size_t i = 0; (f = settings_field(t, i, item)).key; i++) {
		if (!f.key->required || !settings_unset(f))
			continue;
		error_set(l->err, ERROR_CONFIG, "an entry of %s needs the key '%s'", t->name,
		          f.key->name);
		return at_line(l, group);
	}
	return 0;
}

static int load_group(const struct loading *l, const config_setting_t *group,
                      const struct settings_table *t, void *item)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *c = config_setting_get_elem(group, (unsigned)i);
		struct settings_field f = settings_find(t, item, config_setting_name(c));
		if (!f.key)
			return unknown(l, c, t);
		if (load_value(l, c, f) < 0)
			return -1;
	}
	return check_required(l, group, t, item);
}

static int load_list(const struct loading *l, const config_setting_t *c,
                     const struct settings_list *list)
{
	const struct settings_table *t = &list->table;
	if (!config_setting_is_list(c)) {
		error_set(l->err, ERROR_CONFIG, "'%s' wants a list of groups: ( { ... }, { ... } )",
		          t->name);
		return at_line(l, c);
	}
	for (int i = 0; i < config_setting_length(c); i++) {
		const config_setting_t *group = config_setting_get_elem(c, (unsigned)i);
		if (!config_setting_is_group(group)) {
			error_set(l->err, ERROR_CONFIG, "'%s' wants groups: { ... }", t->name);
			return at_line(l, group);
		}
		size_t end = settings_list_count(list, l->settings);
		if (load_group(l, group, t, settings_list_insert(list, l->settings, end)) < 0)
			return -1;
	}
	return 0;
}

static int load_key(const struct loading *l, const config_setting_t *c)
{
	const struct settings_table *t = &l->schema->table;
	const char *name = config_setting_name(c);
	const struct settings_list *list = settings_list_find(l->schema, name);
	if (list)
		return load_list(l, c, list);
	struct settings_field f = settings_find(t, l->settings, name);
	return f.key ? load_value(l, c, f) : unknown(l, c, t);
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

int settings_load_file(const struct settings_schema *schema, void *settings, const char *file,
                       struct error *err)
{
	config_t config;
	struct loading l = {schema, settings, file, err};
	config_init(&config);
	int rc = load_config(&l, &config);
	config_destroy(&config);
	return rc;
}
