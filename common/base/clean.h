/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escapes text from outside (a job, a handler, the broker) for people to read, so that nothing in
 * it ends the line or drives the terminal. Characters that a terminal obeys (utf8.h) become \xXX or
 * \uXXXX. Bytes that are not UTF-8 become \xXX. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "common/base/buf.h"

/* Appends len bytes of text, escaped. */
void clean_append(struct buf *b, const char *text, size_t len);
/* Like clean_append, but leaves the control bytes of kept (such as "\n\t") as they are. */
void clean_append_but(struct buf *b, const char *text, size_t len, const char *kept);
/*
 * Copies as much of text as fits into out, terminated, for a message that is escaped where it is
 * shown. Only NUL bytes, which a string cannot hold, become \x00. Returns out.
 */
char *clean_copy(char *out, size_t size, struct span text);
/* Prints text to out, escaped. */
void clean_print(FILE *out, const char *text);
/*
 * Appends compact JSON text. Characters that a terminal obeys become \uXXXX, which means the same
 * in JSON.
 */
void clean_append_json(struct buf *b, const char *json);
/* Prints like clean_append_json. */
void clean_print_json(FILE *out, const char *json);
