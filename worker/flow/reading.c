/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/flow/reading.h"

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "common/job/headers.h"
#include "common/job/pack.h"

static const struct queue_settings *queue_of(const struct worker *w, const struct delivery *d)
{
	return &w->queues.all[d->consumer].settings->queue;
}

static const struct admission *admission_of(const struct worker *w, const struct delivery *d)
{
	return &w->queues.all[d->consumer].admission;
}

/* ---- a task ---- */

/* The caller must fill in t->in before identify(). */
static struct task *create(struct worker *w, struct delivery *d, struct span document)
{
	struct task *t = task_create(w);
	t->state = TASK_WAITING;
	t->attempt.started_at_ms = CLOCK_NEVER;
	t->held_since_ms = d->arrived_ms;
	t->delivery = delivery_hold(d);
	t->origin = delivery_hold(d);
	t->document = document;
	return t;
}

/* The pack's id tells a job without an id from one in another pack. */
static void identify(struct task *t)
{
	const struct headers_signature none = {0};
	const struct message *m = t->delivery->message;
	bool by_pack = t->packed && t->in.anonymous && m->message_id;
	t->nameless = t->in.anonymous && !by_pack;
	t->key = redelivery_key(t->delivery->consumer, by_pack ? m->message_id : t->in.job.id,
	                        &t->in.book, t->packed ? none : headers_signature(m), t->document);
}

struct task *reading_job(struct worker *w, struct delivery *d)
{
	struct task *t = create(w, d, message_body(d->message));
	intake_read(&t->in, d->message, queue_of(w, d), admission_of(w, d),
	            (size_t)w->settings->connection.max_body);
	identify(t);
	t->answer = answer_begin(w, d->message, t->in.job.id);
	return t;
}

static struct task *create_packed(struct worker *w, struct delivery *d, struct span document)
{
	struct task *t = create(w, d, document);
	t->packed = true;
	intake_read_packed(&t->in, d->message, document, queue_of(w, d), admission_of(w, d),
	                   (size_t)w->settings->connection.max_body);
	identify(t);
	return t;
}

/* ---- packs ---- */

void reading_keep_pack(struct worker *w, struct delivery *d)
{
	list_append(&w->packs, &d->link);
}

void reading_let_pack_go(struct delivery *d)
{
	list_remove(&d->link);
}

/* Makes the whole message one job, which will never run. */
static struct task *create_unfit(struct worker *w, struct delivery *d, const char *reason,
                                 const char *detail)
{
	struct task *t = create(w, d, message_body(d->message));
	intake_read_unfit(&t->in, d->message, queue_of(w, d), reason, detail);
	identify(t);
	delivery_contains(d, 1, w->tasks.known);
	return t;
}

static void read_members(struct worker *w, struct delivery *d, const struct span *documents,
                         size_t count, reading_fn *each)
{
	delivery_contains(d, count, w->tasks.known);
	if (w->limits.jobs > 0 && w->tasks.taken + count > w->limits.jobs)
		delivery_begin(d); /* some stay, the others leave the pack */
	for (size_t i = 0; i < count; i++)
		each(create_packed(w, d, documents[i]));
}

void reading_open_pack(struct worker *w, struct delivery *d, reading_fn *each)
{
	const struct admission *a = admission_of(w, d);
	struct span documents[PACK_JOBS_MAX];
	struct codec_error err;
	size_t count;
	reading_let_pack_go(d);
	if (a->signers.count > 0 && a->require_signed) {
		each(create_unfit(
		    w, d, "unsigned",
		    "the jobs of a pack carry no signatures, and this queue wants them"));
	} else if (pack_split(message_body(d->message), (size_t)w->settings->connection.max_body,
	                      documents, &count, &err)) {
		read_members(w, d, documents, count, each);
	} else {
		cleanup_free char *detail = xprintf("byte %zu: %s", err.offset, err.reason);
		each(create_unfit(w, d, "malformed", detail));
	}
	delivery_drop(d);
}
