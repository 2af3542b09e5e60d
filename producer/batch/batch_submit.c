/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/batch_submit.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/memory.h"
#include "common/job/outbound.h"
#include "common/job/pack.h"
#include "producer/batch/batch_report.h"
#include "producer/session/job_options.h"

enum { PACKS_MIN = 32 /* may be under way however small the window */ };

/* ---- one line ---- */

static bool known_queue(struct batch *b, const char *queue, const char *id)
{
	struct error err = {0};
	if (!queue_name_valid(span_of(queue))) {
		batch_reject(b, 0, id, "the queue's name is not valid");
		return false;
	}
	if (b->dry || targets_check(b->targets, queue, &err) == 0)
		return true;
	batch_reject(b, 0, id, err.text);
	if (err.kind != ERROR_CONFIG) {
		b->rc = -1;
		b->err = err;
	}
	return false;
}

/* Ends the run if a key file is wrong, so that no job goes out less protected than it should be. */
static bool protected_or_end(struct batch *b, int rc, const struct error *err)
{
	if (rc == 0)
		return true;
	b->rc = -1;
	b->err = *err;
	return false;
}

static struct batch_message_line line_of(const struct batch *b, const struct job *j)
{
	return (struct batch_message_line){.ordinal = b->input.ordinal,
	                                   .line = b->input.lines.number,
	                                   .file = b->input.file,
	                                   .id = xstrdup(j->id)};
}

static void count_line(struct batch *b)
{
	b->sent++;
	b->state.outstanding++;
}

static void submit_message(struct batch *b, struct batch_message *m, struct outbound *out)
{
	list_remove(&m->link);
	m->owner.ended = batch_message_ended;
	submit_publish(b->submit, out, &m->owner, b->s->settings.confirm_timeout_ms);
}

static void publish(struct batch *b, const struct job *j, const char *queue,
                    const struct buf *document)
{
	struct error err = {0};
	struct outbound out =
	    outbound_job(b->s->settings.connection.prefix, queue, j,
	                 (struct span){document->data, document->len}, clock_now_ms());
	if (!protected_or_end(b, protect_message(b->protect, queue, out.message, &err), &err)) {
		message_destroy(out.message);
		return;
	}
	if (b->waiter) {
		out.message->reply_to = xstrdup(waiter_reply_to(b->waiter));
		out.message->correlation_id = xprintf("%" PRIu64, b->input.ordinal);
	}
	struct batch_message *m = batch_message_create(b, 1);
	batch_message_add(m, line_of(b, j));
	count_line(b);
	submit_message(b, m, &out);
}

static void submit_pack(struct batch *b, struct batch_message *pack)
{
	pack_close(&pack->body);
	struct outbound out = outbound_pack(b->s->settings.connection.prefix, pack->queue,
	                                    &pack->body, clock_now_ms());
	submit_message(b, pack, &out);
}

void batch_submit_ripe_packs(struct batch *b)
{
	bool ended = b->input.ended || b->interrupts > 0 || b->rc < 0;
	struct list *pos, *next;
	list_for_each (pos, next, &b->packs.open) {
		struct batch_message *pack = list_item(pos, struct batch_message, link);
		if (ended || clock_monotonic_ms() - pack->begun_ms >= BATCH_PACK_LINGER_MS)
			submit_pack(b, pack);
	}
}

static void put_into_pack(struct batch *b, const struct job *j, const char *queue,
                          const struct buf *document)
{
	struct batch_message *pack = batch_packs_find(&b->packs, queue);
	if (pack && batch_packs_full(&b->packs, pack, document->len)) {
		submit_pack(b, pack);
		pack = NULL;
	}
	if (!pack)
		pack = batch_packs_begin(&b->packs, b, queue, clock_monotonic_ms());
	pack_add(&pack->body, (struct span){document->data, document->len});
	batch_message_add(pack, line_of(b, j));
	count_line(b);
	if (batch_packs_full(&b->packs, pack, 0))
		submit_pack(b, pack);
}

/* A job that has to wait is published alone, because it is due at its own time. */
static bool goes_into_pack(const struct batch *b, const struct job *j, const struct buf *document)
{
	return batch_packs_take(&b->packs, document->len) &&
	       (j->not_before_ms == CLOCK_NEVER || j->not_before_ms <= clock_now_ms());
}

/* Returns false and ends the run if jobs for the queue would be signed in packs. */
static bool may_pack_for(struct batch *b, const char *queue)
{
	struct error err = {0};
	if (b->packs.jobs_max == 1)
		return true;
	int signs = protect_signs(b->protect, queue, &err);
	if (signs == 0)
		return true;
	if (signs > 0)
		error_set(&err, ERROR_USAGE,
		          "--pack: jobs for queue '%s' are signed, and a job that leaves its pack "
		          "would lose its "
		          "signature: leave out --pack",
		          queue);
	return protected_or_end(b, -1, &err);
}

static void take_job(struct batch *b, const struct job *j, struct buf *document)
{
	struct error err = {0};
	struct batch_refusal why;
	const char *queue = job_options_queue(&b->s->settings, b->queue, j->type);
	if (!known_queue(b, queue, j->id) || !may_pack_for(b, queue) ||
	    !protected_or_end(b, protect_document(b->protect, queue, j, document, &err), &err))
		return;
	if (!batch_line_fits(&b->all, j, document, &why))
		batch_reject(b, 0, j->id, why.reason);
	else if (b->dry)
		return;
	else if (goes_into_pack(b, j, document))
		put_into_pack(b, j, queue, document);
	else
		publish(b, j, queue, document);
}

static void take_line(struct batch *b, struct span line)
{
	struct job j = {0};
	struct buf document = {0};
	struct batch_refusal why = {0};
	if (batch_line_blank(line))
		return;
	if (receipts_confirmed(&b->receipts, b->input.ordinal)) {
		b->skipped++;
		return;
	}
	b->state.lines++;
	if (batch_line_read(&b->all, b->input.ordinal, line, &j, &document, &why))
		take_job(b, &j, &document);
	else
		batch_reject(b, why.column, NULL, why.reason);
	job_finish(&j);
	buf_finish(&document);
}

/* ---- input ---- */

static bool rate_allows(const struct batch *b)
{
	return b->rate <= 0 ||
	       (double)b->sent <
	           (double)(clock_monotonic_ms() - b->started_ms) * b->rate / 1000 + 1;
}

/* The window counts jobs. A few packs may be under way however many jobs they hold. */
static bool window_is_full(const struct batch *b)
{
	return b->state.outstanding >= (uint64_t)b->s->settings.window &&
	       submit_count(b->submit) >= (b->packs.jobs_max > 1 ? PACKS_MIN : 0);
}

static bool may_submit(const struct batch *b)
{
	return b->rc == 0 && !b->input.ended && b->interrupts == 0 && !b->blocked &&
	       (b->dry || b->state.connected) && !window_is_full(b) && rate_allows(b);
}

static void reject_long(struct batch *b)
{
	char reason[64];
	snprintf(reason, sizeof reason, "the line is longer than %" PRId64 " bytes (max_body)",
	         b->s->settings.connection.max_body);
	batch_reject(b, 0, NULL, reason);
}

static void pass_over_file(struct batch *b, const struct error *err)
{
	if (!options_has(&b->s->options, "keep-going")) {
		b->rc = -1;
		b->err = *err;
		return;
	}
	progress_clear(&b->progress);
	batch_complain("%s", err->text);
	b->ends[OUTCOME_REJECTED]++;
}

bool batch_submit_lines(struct batch *b)
{
	while (may_submit(b)) {
		struct span line;
		struct error err;
		switch (batch_input_next(&b->input, &line, &err)) {
		case BATCH_INPUT_LINE:
			take_line(b, line);
			break;
		case BATCH_INPUT_TOO_LONG:
			b->state.lines++;
			reject_long(b);
			break;
		case BATCH_INPUT_UNREADABLE:
			pass_over_file(b, &err);
			break;
		case BATCH_INPUT_MORE:
			return true;
		case BATCH_INPUT_END:
			return false;
		}
		if (b->halt > 0 && batch_failures(b) >= b->halt)
			b->input.ended = true;
	}
	return false;
}
