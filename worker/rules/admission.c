/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rules/admission.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/job/codec.h"
#include "common/job/headers.h"
#include "common/settings/key_files.h"
#include "common/base/memory.h"
#include "common/job/scan.h"
#include "common/job/seal.h"
#include "common/job/sign.h"

int admission_load(struct admission *a, const struct worker_queue_settings *q, const char *prefix,
                   struct error *err)
{
	*a = (struct admission){.require_signed = q->require_signed,
	                        .require_sealed = q->require_sealed};
	topology_queue(prefix, q->queue.name, a->amqp_queue);
	if (q->signed_by && key_file_read(q->signed_by, KEY_SIGN_PUBLIC, &a->signers, err) < 0)
		return error_wrap(err, "queue '%s': signed_by", q->queue.name);
	if (q->open_with && key_file_read(q->open_with, KEY_SEAL_SECRET, &a->openers, err) < 0)
		return error_wrap(err, "queue '%s': open_with", q->queue.name);
	return 0;
}

void admission_finish(struct admission *a)
{
	keyring_finish(&a->signers);
	keyring_finish(&a->openers);
}

static void object(struct objection *o, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void object(struct objection *o, const char *reason, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(o->detail, sizeof o->detail, fmt, args);
	va_end(args);
	o->reason = reason;
}

/* ---- signatures ---- */

bool admission_signature(const struct admission *a, const struct message *m, struct objection *o)
{
	const struct headers_signature s = headers_signature(m);
	if (a->signers.count == 0)
		return false;
	if (!s.present) {
		if (a->require_signed)
			object(o, "unsigned",
			       "it has no signature, and this queue wants one (signed_by)");
		return false;
	}
	if (!s.sig || !s.kid || !key_id_valid(span_of(s.kid))) {
		object(o, "bad_signature",
		       "its headers warren-sig and warren-kid are no signature");
		return false;
	}
	const struct key *k = keyring_find(&a->signers, span_of(s.kid));
	if (!k) {
		object(o, "unknown_key", "no key '%s' in signed_by of this worker", s.kid);
		o->keyless = true;
		return false;
	}
	if (sign_check(k, a->amqp_queue, message_body(m), span_of(s.sig)))
		return true;
	object(o, "bad_signature",
	       "the signature by key '%s' is not of this body in this queue: altered, or of "
	       "another queue",
	       s.kid);
	return false;
}

/* ---- seals ---- */

/* Reads the job again with args in the place of its sealed ones, so that the rules for documents
 * hold for the sealed ones too. */
static void put_args(struct job *j, struct span args, struct span body, size_t max,
                     struct buf *clear, struct objection *o)
{
	struct scan_value value;
	struct scan_error scan;
	struct codec_error codec;
	struct job opened;
	if (!scan_text(args, &value, &scan)) {
		object(o, "malformed", "its sealed args: byte %zu: %s", scan.offset, scan.reason);
		return;
	}
	if (!codec_replace_args(body, "\"args\"", value.text, clear))
		abort(); /* memory: the document was read before */
	if (!codec_decode((struct span){clear->data, clear->len}, max, CODEC_FIELDS_LENIENT,
	                  &opened, &codec)) {
		object(o, "malformed", "with its sealed args opened: %s", codec.reason);
		return;
	}
	free(j->args);
	j->args = steal_ptr(opened.args);
	j->args_len = opened.args_len;
	job_finish(&opened);
}

void admission_open(const struct admission *a, struct job *j, struct span body, size_t max,
                    struct buf *clear, struct objection *o)
{
	if (!j->sealed) {
		if (a->openers.count > 0 && a->require_sealed)
			object(o, "not_sealed",
			       "its args are not sealed, and this queue wants them so (open_with)");
		return;
	}
	const struct key *k = keyring_find(&a->openers, span_of(j->sealed_to));
	if (!k) {
		object(o, "unknown_key",
		       "its args are sealed to key '%s', which is not in open_with of this worker",
		       j->sealed_to);
		o->keyless = true;
		return;
	}
	const struct seal_place place = {a->amqp_queue, j->id, j->type};
	struct buf args = {0};
	if (seal_open(k, &place, span_of(j->sealed), &args))
		put_args(j, (struct span){args.data, args.len}, body, max, clear, o);
	else
		object(o, "unsealable",
		       "key '%s' does not open its args: altered, or sealed for another queue, id "
		       "or type, or to "
		       "another key",
		       j->sealed_to);
	buf_wipe(&args);
}
