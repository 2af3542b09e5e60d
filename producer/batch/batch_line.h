/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a job and its document of a line of a batch, or says why it cannot. Pure except for the
 * clock and for random ids. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/job/job.h"
#include "producer/batch/receipts.h"

/* Holds what all lines have in common. Everything is borrowed. */
struct batch_line {
	const char *type; /* of all jobs, whose args the lines are; NULL if lines are documents */
	const struct job *template;      /* the other fields, if there is a type */
	const struct receipts *receipts; /* if they have a file, it decides ids and times, so
	                                    that a resumed run makes the same jobs */
	size_t max_body;
};

struct batch_refusal {
	size_t column; /* 0 if the line as a whole is wrong */
	char reason[200];
};

/* Returns true if the line holds blanks alone. Such a line is no job. */
bool batch_line_blank(struct span line);
/* Returns the time at which jobs are created and from which relative options count. */
int64_t batch_line_time_ms(const struct receipts *receipts);
/*
 * Fills *j from a line and appends its text to document. ordinal is the number of the line over all
 * files. Returns false with *why if the line is no job. Call job_finish in both cases.
 */
bool batch_line_read(const struct batch_line *all, uint64_t ordinal, struct span line,
                     struct job *j, struct buf *document, struct batch_refusal *why);
/* Returns false with *why if the document, as it will be sent, exceeds a limit. */
bool batch_line_fits(const struct batch_line *all, const struct job *j, const struct buf *document,
                     struct batch_refusal *why);
