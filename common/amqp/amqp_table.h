/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converts between rabbitmq-c's field tables and ours. Only the files named in broker_internal.h
 * use this.
 */
#pragma once

#include <amqp.h>

#include "common/base/error.h"
#include "common/job/table.h"

/* How deep tables and arrays may be nested. Deeper ones are read as void. */
enum { AMQP_TABLE_DEPTH = 32 };

/*
 * Makes *out a deep copy of in, which lies in the library's pools. The caller frees it with
 * table_finish.
 */
void amqp_table_read(const amqp_table_t *in, struct table *out);
/* Returns a view of t for one call. Its arrays live in pool, and its bytes in t. */
amqp_table_t amqp_table_view(const struct table *t, amqp_pool_t *pool);
/* Returns one entry of a table that we write. It borrows key and value. */
amqp_table_entry_t amqp_text_entry(const char *key, const char *value);
/* Returns a terminated copy, which the caller frees. */
char *amqp_bytes_text(amqp_bytes_t bytes);
/* Copies bytes into out, terminated and cut to size. */
void amqp_bytes_into(amqp_bytes_t bytes, char *out, size_t size);
