/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from outside (a job, a handler, the broker) for people's eyes: nothing in it ends the line
 * or drives the terminal. What a terminal obeys (utf8.h) becomes \xXX or \uXXXX, a byte that is not
 * UTF-8 becomes \xXX. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "common/base/buf.h"

void clean_append(struct buf *b, const char *text, size_t len);
/* The same without its end: these of the control bytes (as "\n\t") stay. */
void clean_append_but(struct buf *b, const char *text, size_t len, const char *kept);
/*
 * A terminated copy of as much as fits, for a message that is escaped where it is shown: only what
 * no string can hold, NUL, becomes \x00. Returns out.
 */
char *clean_copy(char *out, size_t size, struct span text);
void clean_print(FILE *out, const char *text);
/* Compact JSON text: what a terminal obeys becomes \uXXXX, which says the same. */
void clean_append_json(struct buf *b, const char *json);
void clean_print_json(FILE *out, const char *json);
