/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps what a handler process writes within bounds: the beginning of its stdout as the result, the
 * end of its stderr as the tail, its lines of stderr in the log. Pure but for the log.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/log.h"

struct output {
	size_t result_max;
	struct buf result;
	bool truncated;

	struct buf tail; /* at most twice BOX_STDERR_MAX */
	bool log_lines;
	struct log_subject subject; /* borrowed */
	/* Called with each line of stderr that is within the bounds of the log, whether it is
	 * logged or not. May be NULL. */
	void (*on_line)(void *data, struct span line);
	void *data;
	struct buf line; /* the unfinished line of stderr */
	size_t lines, line_bytes, lines_left_out;
};

void output_init(struct output *o, size_t result_max, bool log_lines, struct log_subject subject);
void output_finish(struct output *o);
void output_add_stdout(struct output *o, const char *data, size_t len);
void output_add_stderr(struct output *o, const char *data, size_t len);
/* Ends the output: logs an unfinished last line, and how many lines were left out. */
void output_end(struct output *o);
/* Returns the last BOX_STDERR_MAX bytes of stderr, borrowed. */
struct span output_tail(const struct output *o);
/* Returns the last line of stderr that is not blank, borrowed, or an empty span. */
struct span output_last_line(const struct output *o);
