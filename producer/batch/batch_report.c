/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/batch_report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clean.h"
#include "common/base/memory.h"

uint64_t batch_failures(const struct batch *b)
{
	return b->ends[OUTCOME_RETURNED] + b->ends[OUTCOME_NACKED] + b->ends[OUTCOME_TIMED_OUT] +
	       b->ends[OUTCOME_REJECTED];
}

void batch_complain(const char *fmt, ...)
{
	va_list args;
	char *text = NULL;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	clean_print(stderr, text);
	fputc('\n', stderr);
	free(text);
}

void batch_reject(struct batch *b, size_t column, const char *id, const char *reason)
{
	char place[64] = "";
	if (column > 0)
		snprintf(place, sizeof place, ":%zu", column);
	progress_clear(&b->progress);
	batch_complain("%s:%" PRIu64 "%s: %s", b->input.file, b->input.lines.number, place, reason);
	b->ends[OUTCOME_REJECTED]++;
	receipts_write(&b->receipts, b->input.ordinal, b->input.file, b->input.lines.number, id,
	               outcome_name(OUTCOME_REJECTED), reason);
}

static void end_line(struct batch *b, const struct batch_message_line *l, enum outcome o,
                     const struct error *err)
{
	b->ends[o]++;
	b->state.outstanding--;
	if (o != OUTCOME_CONFIRMED) {
		progress_clear(&b->progress);
		batch_complain("%s:%" PRIu64 ": %s: %s", l->file, l->line, l->id, err->text);
	}
	receipts_write(&b->receipts, l->ordinal, l->file, l->line, l->id, outcome_name(o),
	               o == OUTCOME_CONFIRMED ? NULL : err->text);
}

void batch_message_ended(struct submit_owner *owner, enum outcome outcome, const struct error *err)
{
	struct batch_message *m = list_item(owner, struct batch_message, owner);
	/* The receipts of a run that was given up leave out what was under way. */
	for (size_t i = 0; i < m->count && outcome != OUTCOME_ABANDONED; i++)
		end_line(m->batch, &m->lines[i], outcome, err);
	batch_message_destroy(m);
}

/* Copies reason, which is NULL if the broker takes publishes. */
static void set_blocked(struct batch *b, const char *reason)
{
	free(b->blocked);
	b->blocked = xstrdup(reason);
	b->state.blocked = b->blocked;
}

void batch_connection_told(void *data, enum submit_change change, const struct error *why)
{
	struct batch *b = data;
	set_blocked(b, change == SUBMIT_BLOCKED ? why->text : NULL);
	switch (change) {
	case SUBMIT_UP:
		b->state.connected = true;
		break;
	case SUBMIT_DOWN:
		b->state.connected = false;
		progress_clear(&b->progress);
		batch_complain("%s; reconnecting", why->text);
		break;
	case SUBMIT_FAILED:
		b->rc = -1;
		b->err = *why;
		break;
	case SUBMIT_BLOCKED:
	case SUBMIT_UNBLOCKED:
		break;
	}
}
