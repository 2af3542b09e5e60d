/* SPDX-License-Identifier: Apache-2.0 */
/* From a line of a batch to a job and its document, or why there is none. Pure but for the clock
 * and random ids. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/job/job.h"
#include "producer/receipts.h"

/* What all lines have in common. All borrowed. */
struct batch_line {
	const char
	    *type; /* the lines are the args of jobs of that type; NULL: they are whole documents */
	const struct job *template;      /* with a type: the other fields */
	const struct receipts *receipts; /* with a file: ids and times are the batch's, so that a
	                                    resumed run makes no other job */
	size_t max_body;
};

struct batch_refusal {
	size_t column; /* 0: the line as a whole */
	char reason[200];
};

/* Nothing but blanks: no job is meant. */
bool batch_line_blank(struct span line);
/* Times of its jobs, and of relative options. */
int64_t batch_line_time_ms(const struct receipts *receipts);
/* ordinal: the line's number in all files. Fills *j (job_finish, also after false) and appends to
 * document. */
bool batch_line_read(const struct batch_line *all, uint64_t ordinal, struct span line,
                     struct job *j, struct buf *document, struct batch_refusal *why);
/* Is the document, as it is to be sent, within the limits? */
bool batch_line_fits(const struct batch_line *all, const struct job *j, const struct buf *document,
                     struct batch_refusal *why);
