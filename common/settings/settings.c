/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

/* ---- lists ---- */

static char *items_of(const struct settings_list *l, const void *settings)
{
	char *items;
	memcpy(&items, (const char *)settings + l->items, sizeof items);
	return items;
}

static void set_items(const struct settings_list *l, void *settings, char *items, size_t count)
{
	memcpy((char *)settings + l->items, &items, sizeof items);
	memcpy((char *)settings + l->count, &count, sizeof count);
}

const struct settings_list *settings_list_find(const struct settings_schema *schema,
                                               const char *name)
{
	for (size_t i = 0; i < schema->list_count; i++)
		if (strcmp(schema->lists[i].table.name, name) == 0)
			return &schema->lists[i];
	return NULL;
}

size_t settings_list_count(const struct settings_list *l, const void *settings)
{
	size_t count;
	memcpy(&count, (const char *)settings + l->count, sizeof count);
	return count;
}

void *settings_list_item(const struct settings_list *l, const void *settings, size_t i)
{
	return items_of(l, settings) + i * l->size;
}

void *settings_list_insert(const struct settings_list *l, void *settings, size_t i)
{
	size_t count = settings_list_count(l, settings);
	char *items = xrealloc(items_of(l, settings), count + 1, l->size);
	char *item = items + i * l->size;
	memmove(item + l->size, item, (count - i) * l->size);
	memset(item, 0, l->size);
	if (l->init)
		l->init(item);
	settings_standard(&l->table, item);
	set_items(l, settings, items, count + 1);
	return item;
}

void settings_list_remove(const struct settings_list *l, void *settings, size_t i)
{
	size_t count = settings_list_count(l, settings);
	char *item = settings_list_item(l, settings, i);
	settings_clear(&l->table, item);
	memmove(item, item + l->size, (count - i - 1) * l->size);
	set_items(l, settings, items_of(l, settings), count - 1);
}

void settings_list_move(const struct settings_list *l, void *settings, size_t from, size_t to)
{
	cleanup_free char *moved = xmemdup(settings_list_item(l, settings, from), l->size);
	char *source = settings_list_item(l, settings, from);
	char *target = settings_list_item(l, settings, to);
	if (from < to)
		memmove(source, source + l->size, (to - from) * l->size);
	else
		memmove(target + l->size, target, (from - to) * l->size);
	memcpy(target, moved, l->size);
}

/* ---- life ---- */

void settings_init(const struct settings_schema *schema, void *settings)
{
	memset(settings, 0, schema->size);
	settings_standard(&schema->table, settings);
	schema->init(settings);
}

void settings_finish(const struct settings_schema *schema, void *settings)
{
	for (size_t i = 0; i < schema->list_count; i++) {
		const struct settings_list *l = &schema->lists[i];
		for (size_t n = settings_list_count(l, settings); n-- > 0;)
			settings_list_remove(l, settings, n);
		free(items_of(l, settings));
	}
	settings_clear(&schema->table, settings);
	if (schema->finish)
		schema->finish(settings);
	memset(settings, 0, schema->size);
}

int settings_set(const struct settings_schema *schema, void *settings, const char *name,
                 const char *called, const char *value, struct error *err)
{
	struct settings_field f = settings_find(&schema->table, settings, name);
	if (!f.key)
		return error_set(err, ERROR_USAGE, "there is no setting '%s'", name);
	if (settings_read(f, called, value, err) == 0)
		return 0;
	err->kind = ERROR_USAGE;
	return -1;
}

/* ---- showing ---- */

static void show_group(const struct settings_table *t, const void *item, FILE *out)
{
	struct settings_field f;
	fputs("\n  {", out);
	for (size_t i = 0; (f = settings_field(t, i, item)).key; i++) {
		if (settings_unset(f))
			continue;
		fprintf(out, " %s = ", f.key->name);
		settings_print(f, out);
		fputc(';', out);
	}
	fputs(" }", out);
}

static void show_list(const struct settings_list *l, const void *settings, FILE *out)
{
	fprintf(out, "%s = (", l->table.name);
	for (size_t i = 0; i < settings_list_count(l, settings); i++) {
		fputs(i ? "," : "", out);
		show_group(&l->table, settings_list_item(l, settings, i), out);
	}
	fputs("\n);\n", out);
}

void settings_show(const struct settings_schema *schema, const void *settings, FILE *out)
{
	struct settings_field f;
	for (size_t i = 0; (f = settings_field(&schema->table, i, settings)).key; i++) {
		fprintf(out, "%s = ", f.key->name);
		settings_print(f, out);
		fputs(";\n", out);
	}
	for (size_t i = 0; i < schema->list_count; i++)
		show_list(&schema->lists[i], settings, out);
}
