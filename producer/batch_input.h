/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch reads: files and standard input, one after the other, line by line. Knows nothing of
 * jobs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/settings/options.h"
#include "producer/lines.h"

struct batch_input {
	char **files; /* borrowed of the command line; "-": standard input */
	size_t file_count, next_file;
	size_t line_max;
	const char *file; /* the open one's name, for messages */
	struct lines lines;
	int fd; /* -1: none is open */
	bool ended;
	uint64_t ordinal; /* lines given, of all files */
};

/* From the words of the command line: the first is the TYPE (*type) unless it looks like a file.
 * ERROR_USAGE. */
int batch_input_begin(struct batch_input *in, const struct options *o, size_t line_max,
                      const char **type, struct error *err);
void batch_input_finish(struct batch_input *in);
/* Bytes of all files; 0: unknown. */
uint64_t batch_input_size(const struct batch_input *in);

enum batch_input_got {
	BATCH_INPUT_LINE,
	BATCH_INPUT_TOO_LONG,   /* a line over line_max, which was passed over */
	BATCH_INPUT_MORE,       /* batch_input_read first, when fd is readable */
	BATCH_INPUT_UNREADABLE, /* a file cannot be opened: err says why; the next call goes on
	                           behind it */
	BATCH_INPUT_END,
};
/* The line is borrowed until the next call; a byte order mark at the begin of a file, as some
 * editors write, is cut off. */
enum batch_input_got batch_input_next(struct batch_input *in, struct span *line, struct error *err);
/* One read(2) of the open file; returns its bytes, or -1. */
int64_t batch_input_read(struct batch_input *in, struct error *err);
