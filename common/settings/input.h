/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as it is given on a command line: as it stands, @FILE, or - for standard input. */
#pragma once

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/error.h"

/*
 * Reads at most max bytes into text, and checks them: *value is the JSON value without the blanks
 * around it, borrowed of text. ERROR_NOINPUT, ERROR_IO, ERROR_DATA with line and column.
 */
int input_json(const char *word, size_t max, struct buf *text, struct span *value,
               struct error *err);
