/* SPDX-License-Identifier: Apache-2.0 */
/* rabbitmq-c's field tables <-> ours; a part of broker.c's side of the wall, included by it alone. */
#pragma once

#include <amqp.h>

#include "common/error.h"
#include "common/table.h"

/* Tables and arrays in tables; what lies deeper is read as void. */
enum { AMQP_TABLE_DEPTH = 32 };

/* A deep copy out of the library's pools. *out is filled wholly. */
void amqp_table_read(const amqp_table_t *in, struct table *out);
/* Borrowed view for one call: the arrays live in pool, the bytes in t. */
amqp_table_t amqp_table_view(const struct table *t, amqp_pool_t *pool);
/* Terminated heap copy. */
char *amqp_bytes_text(amqp_bytes_t bytes);
/* Cut to size, terminated. */
void amqp_bytes_into(amqp_bytes_t bytes, char *out, size_t size);
