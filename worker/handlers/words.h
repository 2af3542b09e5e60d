/* SPDX-License-Identifier: Apache-2.0 */
/* A command as words and back, by POSIX quoting (XCU 2.2), never expanded: no variables, no globs,
 * no shell. Pure. */
#pragma once

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/error.h"

/* *words: a NULL-terminated array, freed with words_free. -1: an unfinished quote, or no word at
 * all. */
int words_split(const char *text, char ***words, size_t *count, struct error *err);
void words_free(char **words);
/* Appends the words, quoted where needed, so that words_split gives them back. */
void words_join(struct buf *out, char *const *words, size_t count);
