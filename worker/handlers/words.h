/* SPDX-License-Identifier: Apache-2.0 */
/* Splits a command into words and joins words to a command, by POSIX quoting (XCU 2.2). Nothing is
 * expanded: no variables, no globs, no shell. Pure. */
#pragma once

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/error.h"

/* Sets *words to a NULL-terminated array, which is freed with words_free. Returns -1 with
 * ERROR_CONFIG for an unfinished quote or no word at all. */
int words_split(const char *text, char ***words, size_t *count, struct error *err);
void words_free(char **words);
/* Appends the words, quoted where needed, so that words_split gives them back. */
void words_join(struct buf *out, char *const *words, size_t count);
