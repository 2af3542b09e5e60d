/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An AMQP field table (AMQP 0-9-1, 4.2.5) as data of our own. amqp_table copies it out of
 * rabbitmq-c's memory, and headers reads and writes it. Kinds are the letters of the wire, so that
 * a stranger's header comes back unchanged.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

struct table;

struct field {
	/*
	 * 't' bool · 'b' 's' 'I' 'l' signed, 'B' 'u' 'i' unsigned of 1, 2, 4, 8 bytes (RabbitMQ's
	 * reading) · 'T' timestamp (u) · 'f' 'd' float, double · 'D' decimal · 'S' string · 'x'
	 * bytes · 'A' array (table with empty names) · 'F' table · 'V' void
	 */
	char kind;
	union {
		bool boolean;
		int64_t i;
		uint64_t u;
		double d;
		struct {
			uint8_t decimals;
			uint32_t value;
		} decimal;
		struct {
			char *data; /* terminated, owned */
			size_t len;
		} str;
		struct table *table; /* owned */
	};
};

struct entry {
	char *name; /* owned; "" in arrays */
	struct field value;
};

/* A zeroed table is empty and valid. The order of the entries is kept. */
struct table {
	struct entry *entries;
	size_t count;
	size_t cap;
};

/* Frees all entries of t, which is empty afterwards. */
void table_finish(struct table *t);
/* Frees what the value owns. */
void field_finish(struct field *f);
/* Returns the first entry of that name, borrowed until the table changes, or NULL. */
const struct field *table_get(const struct table *t, const char *name);
/* Sets an entry to a copy of value. An entry of the same name is replaced. So do the next two. */
void table_set_string(struct table *t, const char *name, const char *value);
void table_set_int(struct table *t, const char *name, int64_t value);
void table_set_bool(struct table *t, const char *name, bool value);
/* Appends an entry without looking for one of the same name. Takes the value. */
void table_add_take(struct table *t, const char *name, struct field value);
/* Removes the first entry of that name. */
void table_remove(struct table *t, const char *name);
/* Returns a deep copy. The caller finishes it. */
struct field field_copy(const struct field *f);
/* Makes *to a deep copy of from. What *to held before is not freed. */
void table_copy(struct table *to, const struct table *from);
/*
 * Reads an integer of any width and sign, or digits in a string. Returns false if the entry is
 * absent, of another kind, or out of range.
 */
bool table_get_int(const struct table *t, const char *name, int64_t *value);
/*
 * Returns the text of an 'S' field, borrowed until the table changes. Returns NULL if there is
 * none, or if the text has a NUL in it.
 */
const char *table_get_text(const struct table *t, const char *name);
/* Returns the bytes of one entry on the wire: name, kind and value. */
size_t entry_wire_size(const struct entry *e);
/* Returns the bytes of a table on the wire, with its length word. */
size_t table_wire_size(const struct table *t);
