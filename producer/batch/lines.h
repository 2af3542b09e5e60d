/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a file or pipe line by line, in constant memory. Never blocks longer than one read(2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/error.h"

struct lines {
	int fd;
	size_t max; /* bytes of a line */
	struct buf buf;
	size_t at;       /* where the next line begins in buf */
	uint64_t number; /* of the line given last, from 1 */
	uint64_t bytes;  /* read so far */
	bool ended;      /* the file has ended; what is in buf may still hold lines */
	bool skipping;   /* inside a line that is over max */
};

enum lines_got { LINES_LINE, LINES_TOO_LONG, LINES_MORE /* read first */, LINES_END };

/* Begins to read fd, which the caller closes after lines_finish. */
void lines_init(struct lines *l, int fd, size_t max);
/* Frees what was read. */
void lines_finish(struct lines *l);
/* Gives the next line without its newline, borrowed until the next call. A line longer than max is
 * skipped and told once. */
enum lines_got lines_next(struct lines *l, struct span *line);
/* Reads once. Call it after LINES_MORE, when the descriptor is readable. Returns -1 with ERROR_IO.
 */
int lines_read(struct lines *l, struct error *err);
