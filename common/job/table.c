/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/table.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

void field_finish(struct field *f)
{
	if (f->kind == 'S' || f->kind == 'x') {
		free(f->str.data);
	} else if (f->kind == 'A' || f->kind == 'F') {
		table_finish(f->table);
		free(f->table);
	}
	*f = (struct field){.kind = 'V'};
}

void table_finish(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++) {
		free(t->entries[i].name);
		field_finish(&t->entries[i].value);
	}
	free(t->entries);
	*t = (struct table){0};
}

const struct field *table_get(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->entries[i].name, name) == 0)
			return &t->entries[i].value;
	return NULL;
}

void table_add_take(struct table *t, const char *name, struct field value)
{
	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 8;
		t->entries = xrealloc(t->entries, t->cap, sizeof *t->entries);
	}
	t->entries[t->count++] = (struct entry){xstrdup(name), value};
}

static void set_take(struct table *t, const char *name, struct field value)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->entries[i].name, name) == 0) {
			field_finish(&t->entries[i].value);
			t->entries[i].value = value;
			return;
		}
	}
	table_add_take(t, name, value);
}

void table_set_string(struct table *t, const char *name, const char *value)
{
	size_t len = strlen(value);
	set_take(t, name, (struct field){.kind = 'S', .str = {xmemdup(value, len), len}});
}

void table_set_int(struct table *t, const char *name, int64_t value)
{
	set_take(t, name, (struct field){.kind = 'l', .i = value});
}

void table_set_bool(struct table *t, const char *name, bool value)
{
	set_take(t, name, (struct field){.kind = 't', .boolean = value});
}

void table_remove(struct table *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->entries[i].name, name) != 0)
			continue;
		free(t->entries[i].name);
		field_finish(&t->entries[i].value);
		memmove(&t->entries[i], &t->entries[i + 1],
		        (t->count - i - 1) * sizeof *t->entries);
		t->count--;
		return;
	}
}

struct field field_copy(const struct field *f)
{
	struct field copy = *f;
	if (f->kind == 'S' || f->kind == 'x') {
		copy.str.data = xmemdup(f->str.data, f->str.len);
	} else if (f->kind == 'A' || f->kind == 'F') {
		copy.table = xcalloc(1, sizeof *copy.table);
		table_copy(copy.table, f->table);
	}
	return copy;
}

void table_copy(struct table *to, const struct table *from)
{
	*to = (struct table){0};
	for (size_t i = 0; i < from->count; i++)
		table_add_take(to, from->entries[i].name, field_copy(&from->entries[i].value));
}

static bool text_to_int(const struct field *f, int64_t *value)
{
	if (f->str.len == 0 || f->str.len > 20 || strlen(f->str.data) != f->str.len)
		return false;
	if (f->str.data[0] != '-' && (f->str.data[0] < '0' || f->str.data[0] > '9'))
		return false;
	char *end;
	long long n = strtoll(f->str.data, &end, 10);
	if (*end || n == INT64_MAX || n == INT64_MIN)
		return false;
	*value = n;
	return true;
}

bool table_get_int(const struct table *t, const char *name, int64_t *value)
{
	const struct field *f = table_get(t, name);
	if (!f)
		return false;
	if (f->kind == 'S')
		return text_to_int(f, value);
	if (strchr("bsIl", f->kind)) {
		*value = f->i;
		return true;
	}
	if (!strchr("uBTi", f->kind) || f->u > INT64_MAX)
		return false;
	*value = (int64_t)f->u;
	return true;
}

const char *table_get_text(const struct table *t, const char *name)
{
	const struct field *f = table_get(t, name);
	if (!f || f->kind != 'S' || strlen(f->str.data) != f->str.len)
		return NULL;
	return f->str.data;
}

static size_t field_wire_size(const struct field *f)
{
	switch (f->kind) {
	case 't':
	case 'b':
	case 'B':
		return 1 + 1;
	case 's':
	case 'u':
		return 1 + 2;
	case 'I':
	case 'i':
	case 'f':
		return 1 + 4;
	case 'D':
		return 1 + 5;
	case 'S':
	case 'x':
		return 1 + 4 + f->str.len;
	case 'F':
		return 1 + table_wire_size(f->table);
	case 'A': {
		size_t size = 1 + 4;
		for (size_t i = 0; i < f->table->count; i++)
			size += field_wire_size(&f->table->entries[i].value);
		return size;
	}
	case 'V':
		return 1;
	default:
		return 1 + 8;
	}
}

size_t entry_wire_size(const struct entry *e)
{
	return 1 + strlen(e->name) + field_wire_size(&e->value);
}

size_t table_wire_size(const struct table *t)
{
	size_t size = 4;
	for (size_t i = 0; i < t->count; i++)
		size += entry_wire_size(&t->entries[i]);
	return size;
}
