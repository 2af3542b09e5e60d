/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that a command line gives as text, as @FILE, or as - for standard input. */
#pragma once

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/error.h"

/*
 * Reads at most max bytes into text, and checks that they are JSON. Sets *value to the JSON value
 * without the blanks around it, borrowed from text. Returns -1 with ERROR_NOINPUT, ERROR_IO, or
 * ERROR_DATA with line and column.
 */
int input_json(const char *word, size_t max, struct buf *text, struct span *value,
               struct error *err);
