/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/batch_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/job/codec.h"
#include "common/job/delay.h"
#include "common/base/memory.h"
#include "common/job/scan.h"
#include "producer/session/job_options.h"

bool batch_line_blank(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!strchr(" \t\r", line.at[i]) || !line.at[i])
			return false;
	return true;
}

int64_t batch_line_time_ms(const struct receipts *receipts)
{
	return receipts->file ? receipts->began_ms : clock_now_ms();
}

static bool refuse_at(struct span line, size_t offset, const char *reason,
                      struct batch_refusal *why)
{
	size_t row;
	scan_position(line, offset, &row, &why->column);
	snprintf(why->reason, sizeof why->reason, "%s", reason);
	return false;
}

/* A resumed run must find the same id for a line, so it is made of the batch, the line and its
 * number. */
static void make_id(const struct receipts *receipts, uint64_t ordinal, struct span line,
                    char out[static JOB_ID_MAX + 1])
{
	if (!receipts->file) {
		job_make_uuid7(clock_now_ms(), out);
		return;
	}
	char number[32];
	snprintf(number, sizeof number, "%" PRIu64, ordinal);
	const struct span parts[] = {span_of(receipts->batch), span_of(number), line};
	job_make_hash_id(parts, 3, out);
}

static bool read_args(const struct batch_line *all, uint64_t ordinal, struct span line,
                      struct job *j, struct buf *document, struct batch_refusal *why)
{
	struct scan_value value;
	struct scan_error scan;
	char id[JOB_ID_MAX + 1];
	if (!scan_text(line, &value, &scan))
		return refuse_at(line, scan.offset, scan.reason, why);
	make_id(all->receipts, ordinal, line, id);
	job_options_apply(all->template, id, all->type, value.text,
	                  batch_line_time_ms(all->receipts), j);
	codec_encode(j, document);
	return true;
}

/* The bytes of a document travel as they are. A missing id or created_at is put in front. */
static bool read_document(const struct batch_line *all, uint64_t ordinal, struct span line,
                          struct job *j, struct buf *document, struct batch_refusal *why)
{
	struct codec_error codec;
	char id[JOB_ID_MAX + 1];
	if (!codec_decode(line, all->max_body, CODEC_FIELDS_STRICT, j, &codec))
		return refuse_at(line, codec.offset, codec.reason, why);
	bool has_id = j->id != NULL;
	int64_t created_ms =
	    j->created_at_ms == CLOCK_NEVER ? batch_line_time_ms(all->receipts) : CLOCK_NEVER;
	if (!has_id) {
		make_id(all->receipts, ordinal, line, id);
		j->id = xstrdup(id);
	}
	if (codec_complete(line, has_id ? NULL : id, created_ms, document))
		return true;
	snprintf(why->reason, sizeof why->reason, "out of memory");
	return false;
}

bool batch_line_read(const struct batch_line *all, uint64_t ordinal, struct span line,
                     struct job *j, struct buf *document, struct batch_refusal *why)
{
	return all->type ? read_args(all, ordinal, line, j, document, why)
	                 : read_document(all, ordinal, line, j, document, why);
}

bool batch_line_fits(const struct batch_line *all, const struct job *j, const struct buf *document,
                     struct batch_refusal *why)
{
	why->column = 0;
	if (document->len > all->max_body) {
		snprintf(why->reason, sizeof why->reason,
		         "the document has %zu bytes; the limit is %zu (max_body)", document->len,
		         all->max_body);
		return false;
	}
	if (j->not_before_ms != CLOCK_NEVER &&
	    j->not_before_ms - clock_now_ms() > (int64_t)DELAY_UNITS_MAX * DELAY_UNIT_MS) {
		snprintf(why->reason, sizeof why->reason,
		         "not_before lies more than 388 days ahead");
		return false;
	}
	return true;
}
