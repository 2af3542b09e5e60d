/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An AMQP field table (AMQP 0-9-1, 4.2.5) as data of our own: what broker.c
 * copies out of rabbitmq-c's pools and what headers.c reads and writes. Kinds
 * are the wire's own letters, so that a stranger's header comes back unchanged.
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

/* Zero-initialised is empty and valid. Order is kept. */
struct table {
	struct entry *entries;
	size_t count;
	size_t cap;
};

void table_finish(struct table *t);
void field_finish(struct field *f);
/* The first entry of that name, or NULL. Borrowed until the table changes. */
const struct field *table_get(const struct table *t, const char *name);
/* Set replaces an entry of the same name, else appends. Values are copied. */
void table_set_string(struct table *t, const char *name, const char *value);
void table_set_int(struct table *t, const char *name, int64_t value);
void table_set_bool(struct table *t, const char *name, bool value);
/* Appends without looking for the name; takes the value. */
void table_add_take(struct table *t, const char *name, struct field value);
void table_remove(struct table *t, const char *name);
/* Deep copy. */
struct field field_copy(const struct field *f);
void table_copy(struct table *to, const struct table *from);
/* An integer of any width and sign, or digits in a string. False: absent, other kind, out of range.
 */
bool table_get_int(const struct table *t, const char *name, int64_t *value);
/* Terminated text of an 'S' field without NUL inside, or NULL. Borrowed. */
const char *table_get_text(const struct table *t, const char *name);
/* Bytes on the wire: of one entry (name, kind, value) and of a table (with its length word). */
size_t entry_wire_size(const struct entry *e);
size_t table_wire_size(const struct table *t);
