/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/amqp_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

amqp_table_entry_t amqp_text_entry(const char *key, const char *value)
{
	return (amqp_table_entry_t){
	    amqp_cstring_bytes(key),
	    {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(value)}};
}

char *amqp_bytes_text(amqp_bytes_t bytes)
{
	return xmemdup(bytes.bytes, bytes.len);
}

void amqp_bytes_into(amqp_bytes_t bytes, char *out, size_t size)
{
	size_t len = bytes.len < size - 1 ? bytes.len : size - 1;
	if (len)
		memcpy(out, bytes.bytes, len);
	out[len] = 0;
}

static struct field read_field(const amqp_field_value_t *v, int depth);

static struct table *read_array(const amqp_array_t *in, int depth)
{
	struct table *t = xcalloc(1, sizeof *t);
	for (int i = 0; i < in->num_entries; i++)
		table_add_take(t, "", read_field(&in->entries[i], depth));
	return t;
}

static void read_entries(const amqp_table_t *in, struct table *out, int depth)
{
	for (int i = 0; i < in->num_entries; i++) {
		char name[256]; /* a short string: 255 bytes at most */
		amqp_bytes_into(in->entries[i].key, name, sizeof name);
		table_add_take(out, name, read_field(&in->entries[i].value, depth));
	}
}

static struct table *read_nested(const amqp_table_t *in, int depth)
{
	struct table *t = xcalloc(1, sizeof *t);
	read_entries(in, t, depth);
	return t;
}

/* A frame has room for 26,000 levels, and no stack of ours has. */
static bool too_deep(const amqp_field_value_t *v, int depth)
{
	return depth == AMQP_TABLE_DEPTH &&
	       (v->kind == AMQP_FIELD_KIND_ARRAY || v->kind == AMQP_FIELD_KIND_TABLE);
}

static struct field read_field(const amqp_field_value_t *v, int depth)
{
	if (too_deep(v, depth))
		return (struct field){.kind = 'V'};
	struct field f = {.kind = (char)v->kind};
	switch (v->kind) {
	case AMQP_FIELD_KIND_BOOLEAN:
		f.boolean = v->value.boolean != 0;
		break;
	case AMQP_FIELD_KIND_I8:
		f.i = v->value.i8;
		break;
	case AMQP_FIELD_KIND_U8:
		f.u = v->value.u8;
		break;
	case AMQP_FIELD_KIND_I16:
		f.i = v->value.i16;
		break;
	case AMQP_FIELD_KIND_U16:
		f.u = v->value.u16;
		break;
	case AMQP_FIELD_KIND_I32:
		f.i = v->value.i32;
		break;
	case AMQP_FIELD_KIND_U32:
		f.u = v->value.u32;
		break;
	case AMQP_FIELD_KIND_I64:
		f.i = v->value.i64;
		break;
	case AMQP_FIELD_KIND_U64:
	case AMQP_FIELD_KIND_TIMESTAMP:
		f.u = v->value.u64;
		break;
	case AMQP_FIELD_KIND_F32:
		f.d = (double)v->value.f32;
		break;
	case AMQP_FIELD_KIND_F64:
		f.d = v->value.f64;
		break;
	case AMQP_FIELD_KIND_DECIMAL:
		f.decimal.decimals = v->value.decimal.decimals;
		f.decimal.value = v->value.decimal.value;
		break;
	case AMQP_FIELD_KIND_UTF8:
	case AMQP_FIELD_KIND_BYTES:
		f.str.data = amqp_bytes_text(v->value.bytes);
		f.str.len = v->value.bytes.len;
		break;
	case AMQP_FIELD_KIND_ARRAY:
		f.table = read_array(&v->value.array, depth + 1);
		break;
	case AMQP_FIELD_KIND_TABLE:
		f.table = read_nested(&v->value.table, depth + 1);
		break;
	default:
		f.kind = 'V';
		break;
	}
	return f;
}

void amqp_table_read(const amqp_table_t *in, struct table *out)
{
	*out = (struct table){0};
	read_entries(in, out, 0);
}

static amqp_field_value_t view_field(const struct field *f, amqp_pool_t *pool);

static amqp_array_t view_array(const struct table *t, amqp_pool_t *pool)
{
	amqp_array_t a = {(int)t->count, NULL};
	if (t->count > 0)
		a.entries = amqp_pool_alloc(pool, t->count * sizeof *a.entries);
	for (size_t i = 0; i < t->count; i++)
		a.entries[i] = view_field(&t->entries[i].value, pool);
	return a;
}

static amqp_field_value_t view_field(const struct field *f, amqp_pool_t *pool)
{
	amqp_field_value_t v = {.kind = (uint8_t)f->kind};
	switch (f->kind) {
	case 't':
		v.value.boolean = f->boolean;
		break;
	case 'b':
		v.value.i8 = (int8_t)f->i;
		break;
	case 'B':
		v.value.u8 = (uint8_t)f->u;
		break;
	case 's':
		v.value.i16 = (int16_t)f->i;
		break;
	case 'u':
		v.value.u16 = (uint16_t)f->u;
		break;
	case 'I':
		v.value.i32 = (int32_t)f->i;
		break;
	case 'i':
		v.value.u32 = (uint32_t)f->u;
		break;
	case 'l':
		v.value.i64 = f->i;
		break;
	case 'L':
	case 'T':
		v.value.u64 = f->u;
		break;
	case 'f':
		v.value.f32 = (float)f->d;
		break;
	case 'd':
		v.value.f64 = f->d;
		break;
	case 'D':
		v.value.decimal.decimals = f->decimal.decimals;
		v.value.decimal.value = f->decimal.value;
		break;
	case 'S':
	case 'x':
		v.value.bytes = (amqp_bytes_t){f->str.len, f->str.data};
		break;
	case 'A':
		v.value.array = view_array(f->table, pool);
		break;
	case 'F':
		v.value.table = amqp_table_view(f->table, pool);
		break;
	default:
		v.kind = AMQP_FIELD_KIND_VOID;
		break;
	}
	return v;
}

amqp_table_t amqp_table_view(const struct table *t, amqp_pool_t *pool)
{
	amqp_table_t view = {(int)t->count, NULL};
	if (t->count > 0)
		view.entries = amqp_pool_alloc(pool, t->count * sizeof *view.entries);
	for (size_t i = 0; i < t->count; i++) {
		view.entries[i].key = amqp_cstring_bytes(t->entries[i].name);
		view.entries[i].value = view_field(&t->entries[i].value, pool);
	}
	return view;
}
