/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rules/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/job/codec.h"
#include "common/base/memory.h"

static char *derived_id(struct span body, int64_t timestamp_s, const struct queue_settings *queue,
                        bool is_signed)
{
	char stamp[32] = "signed";
	if (!is_signed)
		snprintf(stamp, sizeof stamp, "%lld", (long long)timestamp_s);
	const struct span parts[] = {span_of(queue->name), body, span_of(stamp)};
	char id[JOB_HASH_SIZE];
	return xstrdup(job_make_hash_id(parts, 3, id));
}

/* After a republish the derived id is the message's too, so that the name alone does not tell. */
static void read_fallback_id(struct intake *in, const struct message *m,
                             const struct queue_settings *queue, bool is_signed)
{
	char *derived = derived_id(message_body(m), m->timestamp_s, queue, is_signed);
	bool named = !is_signed && m->message_id && job_id_valid(span_of(m->message_id));
	in->anonymous = !named || strcmp(m->message_id, derived) == 0;
	if (named) {
		free(derived);
		derived = xstrdup(m->message_id);
	}
	in->job.id = derived;
}

/* A stranger's timestamp may be any number. */
static int64_t published_at_ms(const struct message *m)
{
	int64_t ms;
	bool sane = m->timestamp_s >= 0 && !__builtin_mul_overflow(m->timestamp_s, 1000, &ms);
	return sane ? ms : CLOCK_NEVER;
}

static void read_raw(struct intake *in, const struct message *m, const struct queue_settings *queue,
                     bool is_signed, size_t max_body)
{
	if (m->body_len > max_body) {
		in->unfit = "malformed";
		snprintf(in->detail, sizeof in->detail,
		         "body of %zu bytes is over the limit of %zu", m->body_len, max_body);
		return;
	}
	const char *type = !is_signed && m->type && job_type_valid(span_of(m->type)) ? m->type
	                   : queue->type                                             ? queue->type
	                                                                             : queue->name;
	in->job = (struct job){
	    .type = xstrdup(type),
	    .args = xmemdup(message_body(m).at, m->body_len),
	    .args_len = m->body_len,
	    .created_at_ms = published_at_ms(m),
	    .not_before_ms = CLOCK_NEVER,
	    .expires_at_ms = CLOCK_NEVER,
	};
}

static void read_document(struct intake *in, struct span body, size_t max_body)
{
	struct codec_error err;
	if (codec_decode(body, max_body, CODEC_FIELDS_LENIENT, &in->job, &err))
		return;
	in->unfit = "malformed";
	snprintf(in->detail, sizeof in->detail, "byte %zu: %s", err.offset, err.reason);
}

static void take_objection(struct intake *in, const struct objection *o)
{
	in->keyless = o->keyless;
	in->unfit = o->keyless ? NULL : o->reason;
	snprintf(in->detail, sizeof in->detail, "%s", o->detail);
}

static void begin(struct intake *in, const struct message *m)
{
	*in = (struct intake){
	    .job = {.created_at_ms = CLOCK_NEVER,
	            .not_before_ms = CLOCK_NEVER,
	            .expires_at_ms = CLOCK_NEVER},
	    .delivery_count = headers_delivery_count(m),
	};
	headers_read(m, &in->book);
}

void intake_read(struct intake *in, const struct message *m, const struct queue_settings *queue,
                 const struct admission *admission, size_t max_body)
{
	struct objection o = {0};
	begin(in, m);
	/* A signature over megabytes takes long to check, and what is too large is refused whoever
	 * signed it. */
	bool is_signed = m->body_len <= max_body && admission_signature(admission, m, &o);
	if (queue->raw)
		read_raw(in, m, queue, is_signed, max_body);
	else
		read_document(in, message_body(m), max_body);
	if (!o.reason && !in->unfit)
		admission_open(admission, &in->job, message_body(m), max_body, &in->clear, &o);
	if (o.reason)
		take_objection(in, &o);
	if (!in->job.id)
		read_fallback_id(in, m, queue, is_signed);
	in->policy = retry_apply(&queue->retry, &in->job.retry);
}

void intake_read_packed(struct intake *in, const struct message *m, struct span document,
                        const struct queue_settings *queue, const struct admission *admission,
                        size_t max_body)
{
	struct objection o = {0};
	begin(in, m);
	read_document(in, document, max_body);
	if (!in->unfit)
		admission_open(admission, &in->job, document, max_body, &in->clear, &o);
	if (o.reason)
		take_objection(in, &o);
	if (!in->job.id) {
		in->job.id = derived_id(document, m->timestamp_s, queue, false);
		in->anonymous = true;
	}
	in->policy = retry_apply(&queue->retry, &in->job.retry);
}

void intake_read_unfit(struct intake *in, const struct message *m,
                       const struct queue_settings *queue, const char *reason, const char *detail)
{
	begin(in, m);
	in->unfit = reason;
	snprintf(in->detail, sizeof in->detail, "%s", detail);
	read_fallback_id(in, m, queue, false);
	in->policy = queue->retry;
}

void intake_finish(struct intake *in)
{
	buf_wipe(&in->clear);
	job_finish(&in->job);
	bookkeeping_finish(&in->book);
}

enum refusal intake_refuse(const struct intake *in, int64_t now_ms, bool handled, bool paused)
{
	if (in->job.expires_at_ms != CLOCK_NEVER && in->job.expires_at_ms <= now_ms)
		return REFUSE_EXPIRED;
	if (in->delivery_count >= DELIVERY_COUNT_SUSPECT)
		return REFUSE_INTERRUPTED;
	if (in->job.not_before_ms != CLOCK_NEVER && in->job.not_before_ms > now_ms)
		return REFUSE_EARLY;
	if (!handled)
		return REFUSE_UNHANDLED;
	if (paused)
		return REFUSE_PAUSED;
	return REFUSE_NOT;
}
