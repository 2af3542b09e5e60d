/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends messages, honest ones and others, to queues with keys. What runs was signed and sealed as
 * the queue wants it.
 */
#include <stdlib.h>
#include <string.h>

#include "common/job/codec.h"
#include "common/job/headers.h"
#include "common/base/memory.h"
#include "common/job/scan.h"
#include "common/job/seal.h"
#include "common/job/sign.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_keyed.h"
#include "tests/support/printable.h"
#include "worker/rules/intake.h"

#define AMQP_QUEUE "warren.v1.q.mail"
#define OTHER_QUEUE "warren.v1.q.others"

static struct keyring signers, strangers, openers;

/* Says how a message was made. */
struct trick {
	bool raw, wants_signers, wants_openers, require_signed, require_sealed;
	enum { UNSIGNED, SIGNED, BY_STRANGER, OF_OTHER_QUEUE, ALTERED, FORGED, SIGN_TRICKS } sign;
	enum { OPEN, SEALED, SEALED_ELSEWHERE, SEAL_TRICKS } seal;
};

static void make_keys(void)
{
	if (signers.count > 0)
		return;
	signers = fuzz_keyring(KEY_SIGN_SECRET, "s", 1);
	strangers = fuzz_keyring(KEY_SIGN_SECRET, "s", 2); /* the same name */
	openers = fuzz_keyring(KEY_SEAL_SECRET, "o", 3);
}

static struct trick trick_from(struct fuzz_input *in)
{
	uint8_t flags = fuzz_u8(in), how = fuzz_u8(in);
	struct trick t = {.raw = flags & 1, .wants_signers = flags & 2, .wants_openers = flags & 4};
	t.require_signed = flags & 8;
	t.require_sealed = flags & 16;
	t.sign = how % SIGN_TRICKS;
	t.seal = how / 16 % SEAL_TRICKS;
	return t;
}

/* Makes a document with its args sealed for a place. Returns false if that is not possible. */
static bool seal_document(const char *queue, struct span document, struct span args,
                          struct buf *out)
{
	struct buf text = {0}, sealed = {0};
	const struct seal_place place = {queue, "j-1", "t"};
	seal_args(&openers.keys[0], &place, args, &text);
	buf_append_text(&sealed, "{\"kid\":\"o\",\"data\":\"");
	buf_append(&sealed, text.data, text.len);
	buf_append_text(&sealed, "\"}");
	bool ok =
	    codec_replace_args(document, "\"sealed\"", (struct span){sealed.data, sealed.len}, out);
	buf_finish(&text);
	buf_finish(&sealed);
	return ok;
}

static void make_body(const struct trick *t, struct span bytes, struct buf *body)
{
	if (t->seal == OPEN)
		buf_append(body, bytes.at, bytes.len);
	else
		fuzz_check(seal_document(t->seal == SEALED ? AMQP_QUEUE : OTHER_QUEUE,
		                         span_of("{\"id\":\"j-1\",\"type\":\"t\"}"), bytes, body));
}

static void sign_message(const struct trick *t, struct message *m, struct span kid, struct span sig)
{
	char text[SIGN_TEXT_SIZE];
	const struct key *k = t->sign == BY_STRANGER ? &strangers.keys[0] : &signers.keys[0];
	if (t->sign == UNSIGNED)
		return;
	if (t->sign == FORGED) {
		cleanup_free char *name = fuzz_text(kid), *words = fuzz_text(sig);
		headers_set_signature(&m->headers, name, words);
		return;
	}
	sign_job(k, t->sign == OF_OTHER_QUEUE ? OTHER_QUEUE : AMQP_QUEUE,
	         (struct span){m->body, m->body_len}, text);
	headers_set_signature(&m->headers, k->kid, text);
	if (t->sign != ALTERED)
		return;
	if (m->body_len > 0)
		m->body[m->body_len / 2] ^= 1;
	else
		message_set_body(m, "x", 1);
}

static void check_unfit(const struct intake *in)
{
	static const char *const known[] = {"malformed",  "unsigned",   "bad_signature",
	                                    "not_sealed", "unsealable", NULL};
	size_t i = 0;
	while (in->unfit && known[i] && strcmp(known[i], in->unfit) != 0)
		i++;
	fuzz_check(!in->unfit || known[i]);
	fuzz_check(!in->unfit || !in->keyless);
	fuzz_check(!(in->unfit || in->keyless) == !*in->detail);
	fuzz_check(printable_offender(in->detail, strlen(in->detail), "") == NULL);
}

static void check_runs(const struct intake *in, const struct trick *t, struct span bytes)
{
	fuzz_check(job_type_valid(span_of(in->job.type)) && in->job.args);
	if (t->wants_signers && t->require_signed)
		fuzz_check(t->sign == SIGNED);
	if (!t->raw && t->wants_openers && t->require_sealed)
		fuzz_check(t->seal == SEALED);
	if (t->seal != SEALED || t->raw) {
		fuzz_check(in->clear.len == 0 && !(t->seal == SEALED_ELSEWHERE && !t->raw));
		return;
	}
	struct scan_value value;
	struct scan_error err;
	fuzz_check(in->clear.len > 0 && scan_text(bytes, &value, &err));
	fuzz_check(in->job.args_len == value.text.len &&
	           memcmp(in->job.args, value.text.at, value.text.len) == 0);
}

/* An honest message to a queue that trusts its keys runs, or is malformed. */
static void check_honest(const struct intake *in, const struct trick *t)
{
	if (t->sign != SIGNED || !t->wants_signers || t->raw || t->seal != SEALED ||
	    !t->wants_openers)
		return;
	fuzz_check(!in->keyless && (!in->unfit || strcmp(in->unfit, "malformed") == 0));
}

static struct message *make_message(const struct trick *t, struct fuzz_input *input,
                                    struct span *bytes)
{
	struct span kid = fuzz_bytes(input, fuzz_u8(input) % 80),
	            sig = fuzz_bytes(input, fuzz_u8(input) % 100);
	struct message *m = message_create();
	struct buf body = {0};
	m->type = fuzz_text(fuzz_bytes(input, fuzz_u8(input) % 16));
	m->message_id = fuzz_text(fuzz_bytes(input, fuzz_u8(input) % 16));
	*bytes = fuzz_rest(input);
	make_body(t, *bytes, &body);
	message_set_body(m, body.data ? body.data : "", body.len);
	buf_finish(&body);
	sign_message(t, m, kid, sig);
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct intake in;
	struct span bytes;
	make_keys();
	struct trick t = trick_from(&input);
	struct queue_settings queue = {.name = (char[]){"mail"}, .weight = 1, .raw = t.raw};
	struct admission a = {.amqp_queue = AMQP_QUEUE,
	                      .require_signed = t.require_signed,
	                      .require_sealed = t.require_sealed};
	if (t.wants_signers)
		a.signers = signers;
	if (t.wants_openers)
		a.openers = openers;
	struct message *m = make_message(&t, &input, &bytes);
	intake_read(&in, m, &queue, &a, CODEC_BODY_MAX_DEFAULT);
	fuzz_check(in.job.id && job_id_valid(span_of(in.job.id)));
	check_unfit(&in);
	check_honest(&in, &t);
	if (!in.unfit && !in.keyless)
		check_runs(&in, &t, bytes);
	intake_finish(&in);
	message_destroy(m);
	return 0;
}
