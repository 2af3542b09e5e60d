/* SPDX-License-Identifier: Apache-2.0 */
/* Reads files and standard input, one after the other, line by line. Knows nothing of jobs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/settings/options.h"
#include "producer/batch/lines.h"

struct batch_input {
	char **files; /* borrowed from the command line; "-" is standard input */
	size_t file_count, next_file;
	size_t line_max;
	const char *file; /* name of the open file, for messages */
	struct lines lines;
	int fd; /* -1 while no file is open */
	bool ended;
	uint64_t ordinal; /* lines given, of all files */
};

/*
 * Takes the files from the arguments of the command line. The first argument is the job type and
 * goes to *type unless it looks like a file. *type is NULL otherwise. Returns -1 with ERROR_USAGE
 * if it could be either. Opens nothing yet.
 */
int batch_input_begin(struct batch_input *in, const struct options *o, size_t line_max,
                      const char **type, struct error *err);
/* Closes the open file. */
void batch_input_finish(struct batch_input *in);
/* Returns the bytes of all files, or 0 if that is unknown. */
uint64_t batch_input_size(const struct batch_input *in);

enum batch_input_got {
	BATCH_INPUT_LINE,
	BATCH_INPUT_TOO_LONG,   /* a line over line_max, which was passed over */
	BATCH_INPUT_MORE,       /* call batch_input_read when fd is readable */
	BATCH_INPUT_UNREADABLE, /* err says why a file cannot be opened; the next call goes on
	                           with the next file */
	BATCH_INPUT_END,
};
/*
 * Gives the next line, borrowed until the next call. A byte order mark at the start of a file, as
 * some editors write it, is cut off.
 */
enum batch_input_got batch_input_next(struct batch_input *in, struct span *line, struct error *err);
/* Reads the open file once. Returns the number of bytes, or -1 with ERROR_IO. */
int64_t batch_input_read(struct batch_input *in, struct error *err);
