/* SPDX-License-Identifier: Apache-2.0 */
/* rabbitmq-c's field tables <-> ours; on the broker's side of the wall (broker_internal.h). */
#pragma once

#include <amqp.h>

#include "common/base/error.h"
#include "common/job/table.h"

/* Tables and arrays in tables; what lies deeper is read as void. */
enum { AMQP_TABLE_DEPTH = 32 };

/* A deep copy out of the library's pools. *out is filled wholly. */
void amqp_table_read(const amqp_table_t *in, struct table *out);
/* Borrowed view for one call: the arrays live in pool, the bytes in t. */
amqp_table_t amqp_table_view(const struct table *t, amqp_pool_t *pool);
/* One entry, for a table that we write; borrows both. */
amqp_table_entry_t amqp_text_entry(const char *key, const char *value);
/* Terminated heap copy. */
char *amqp_bytes_text(amqp_bytes_t bytes);
/* Cut to size, terminated. */
void amqp_bytes_into(amqp_bytes_t bytes, char *out, size_t size);
