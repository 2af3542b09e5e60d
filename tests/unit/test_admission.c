/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which jobs a queue with keys lets in, and what it believes of them. */
#include <stdlib.h>

#include "common/job/codec.h"
#include "common/base/memory.h"
#include "common/job/seal.h"
#include "common/job/sign.h"
#include "tests/unit/suites.h"
#include "worker/rules/intake.h"

#define AMQP_QUEUE "warren.v1.q.mail"
#define ID "\"id\":\"j-1\",\"type\":\"t\""

static const struct queue_settings mail = {.name = (char[]){"mail"}, .weight = 1};
static const struct seal_place place = {AMQP_QUEUE, "j-1", "t"};

/*
 * Returns the admission of a queue that wants its jobs signed by signer, or sealed to it. The
 * caller finishes the ring.
 */
static struct admission wanting(enum key_kind kind, struct keyring *made)
{
	struct admission a = {
	    .amqp_queue = AMQP_QUEUE, .require_signed = true, .require_sealed = true};
	struct error err = {0};
	*made = (struct keyring){0};
	ck_assert_int_eq(keyring_make(made, kind, "k", &err), 0);
	*(kind == KEY_SIGN_SECRET ? &a.signers : &a.openers) = *made;
	return a;
}

static struct message *signed_message(const struct key *k, const char *body)
{
	char text[SIGN_TEXT_SIZE];
	struct message *m = message_create();
	message_set_body(m, body, strlen(body));
	if (k)
		headers_set_signature(&m->headers, k->kid,
		                      sign_job(k, AMQP_QUEUE, span_of(body), text));
	return m;
}

static struct intake read_message(const struct admission *a, const struct queue_settings *q,
                                  struct message *m)
{
	struct intake in;
	intake_read(&in, m, q, a, CODEC_BODY_MAX_DEFAULT);
	message_destroy(m);
	return in;
}

START_TEST(of_a_signed_job_only_what_is_signed_counts)
{
	struct keyring ring;
	struct admission a = wanting(KEY_SIGN_SECRET, &ring);
	struct queue_settings raw = mail;
	raw.raw = true;
	char *ids[2];
	for (int i = 0; i < 2; i++) {
		struct message *m = signed_message(&ring.keys[0], "any bytes");
		m->type = xstrdup("somebody.elses");
		m->message_id = xstrdup("chosen");
		m->timestamp_s = i;
		struct intake in = read_message(&a, &raw, m);
		ck_assert_ptr_null(in.unfit);
		ck_assert_str_eq(in.job.type, "mail");
		ids[i] = xstrdup(in.job.id);
		intake_finish(&in);
	}
	ck_assert_str_eq(ids[0], ids[1]);
	ck_assert_str_ne(ids[0], "chosen");
	free(ids[0]);
	free(ids[1]);
	keyring_finish(&ring);
}
END_TEST

START_TEST(what_is_too_large_is_refused_before_its_signature_is_looked_at)
{
	struct keyring ring;
	struct admission a = wanting(KEY_SIGN_SECRET, &ring);
	struct queue_settings raw = mail;
	raw.raw = true;
	const struct queue_settings *queues[] = {&mail, &raw};
	for (size_t i = 0; i < 2; i++) {
		struct message *m = signed_message(&ring.keys[0], "{" ID "}");
		m->body[0] = '[';
		struct intake in;
		intake_read(&in, m, queues[i], &a, 4);
		message_destroy(m);
		ck_assert_str_eq(in.unfit, "malformed");
		ck_assert_ptr_nonnull(strstr(in.detail, "limit"));
		intake_finish(&in);
	}
	keyring_finish(&ring);
}
END_TEST

START_TEST(nothing_is_believed_of_a_body_that_nobody_signed)
{
	struct keyring ring, other;
	struct admission a = wanting(KEY_SIGN_SECRET, &ring);
	wanting(KEY_SIGN_SECRET, &other);
	struct intake in = read_message(&a, &mail, signed_message(NULL, "{\"type\":"));
	ck_assert_str_eq(in.unfit, "unsigned");
	intake_finish(&in);
	free(other.keys[0].kid);
	other.keys[0].kid = xstrdup("stranger");
	in = read_message(
	    &a, &mail,
	    signed_message(&other.keys[0], "{" ID ",\"expires_at\":\"2020-01-01T00:00:00Z\"}"));
	ck_assert(in.keyless && !in.unfit);
	ck_assert_str_eq(in.job.id, "j-1");
	intake_finish(&in);
	in = read_message(&a, &mail, signed_message(&other.keys[0], "no job at all"));
	ck_assert(in.keyless && !in.unfit);
	intake_finish(&in);
	free(other.keys[0].kid);
	other.keys[0].kid = xstrdup("k");
	in = read_message(&a, &mail, signed_message(&other.keys[0], "{" ID "}"));
	ck_assert_str_eq(in.unfit, "bad_signature");
	intake_finish(&in);
	keyring_finish(&ring);
	keyring_finish(&other);
}
END_TEST

START_TEST(a_queue_without_keys_looks_at_no_signature)
{
	struct keyring ring;
	wanting(KEY_SIGN_SECRET, &ring);
	const struct admission nobody = {.require_signed = true, .require_sealed = true};
	struct message *m = signed_message(&ring.keys[0], "{" ID "}");
	headers_set_signature(&m->headers, "k", "nonsense");
	struct intake in = read_message(&nobody, &mail, m);
	ck_assert(!in.unfit && !in.keyless);
	intake_finish(&in);
	keyring_finish(&ring);
}
END_TEST

static struct intake read_sealed(const struct admission *a, const struct key *k, const char *args)
{
	struct buf text = {0}, body = {0};
	seal_args(k, &place, span_of(args), &text);
	buf_printf(&body, "{" ID ",\"sealed\":{\"kid\":\"%s\",\"data\":\"%s\"},\"x-a\":1}", k->kid,
	           text.data);
	struct intake in = read_message(a, &mail, signed_message(NULL, body.data));
	buf_finish(&text);
	buf_finish(&body);
	return in;
}

START_TEST(sealed_args_are_opened_into_args_and_document)
{
	struct keyring ring;
	struct admission a = wanting(KEY_SEAL_SECRET, &ring);
	struct intake in = read_sealed(&a, &ring.keys[0], "{\"n\": 1e2}");
	ck_assert_ptr_null(in.unfit);
	ck_assert_str_eq(in.job.args, "{\"n\": 1e2}");
	ck_assert_str_eq(in.clear.data, "{" ID ",\"args\":{\"n\": 1e2},\"x-a\":1}");
	intake_finish(&in);
	keyring_finish(&ring);
}
END_TEST

/* A producer that can seal must not put anything into the document but args. */
START_TEST(what_is_sealed_must_be_one_json_value)
{
	static const char *const wrong[] = {
	    "", "nonsense", "1,\"timeout_ms\":5", "1}\n{\"ok\":1", "\"\n\"", "[1"};
	struct keyring ring;
	struct admission a = wanting(KEY_SEAL_SECRET, &ring);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct intake in = read_sealed(&a, &ring.keys[0], wrong[i]);
		ck_assert_str_eq(in.unfit, "malformed");
		ck_assert_ptr_nonnull(strstr(in.detail, "sealed args"));
		intake_finish(&in);
	}
	char deep[2 * JOB_DEPTH_MAX + 1] = "";
	memset(deep, '[', JOB_DEPTH_MAX);
	memset(deep + JOB_DEPTH_MAX, ']', JOB_DEPTH_MAX);
	struct intake in = read_sealed(&a, &ring.keys[0], deep);
	ck_assert_str_eq(in.unfit, "malformed");
	intake_finish(&in);
	keyring_finish(&ring);
}
END_TEST

START_TEST(args_that_are_not_sealed_or_do_not_open_are_refused)
{
	struct keyring ring, other;
	struct admission a = wanting(KEY_SEAL_SECRET, &ring);
	wanting(KEY_SEAL_SECRET, &other);
	struct intake in = read_message(&a, &mail, signed_message(NULL, "{" ID "}"));
	ck_assert_str_eq(in.unfit, "not_sealed");
	intake_finish(&in);
	in = read_sealed(&a, &other.keys[0], "1");
	ck_assert_str_eq(in.unfit, "unsealable");
	ck_assert_uint_eq(in.clear.len, 0);
	intake_finish(&in);
	free(other.keys[0].kid);
	other.keys[0].kid = xstrdup("other");
	in = read_sealed(&a, &other.keys[0], "1");
	ck_assert(in.keyless && !in.unfit);
	intake_finish(&in);
	a.require_sealed = false;
	in = read_message(&a, &mail, signed_message(NULL, "{" ID "}"));
	ck_assert_ptr_null(in.unfit);
	intake_finish(&in);
	keyring_finish(&ring);
	keyring_finish(&other);
}
END_TEST

START_TEST(a_missing_key_is_waited_for_ten_times)
{
	struct bookkeeping b = {.attempt = 1, .first_failed_at_ms = CLOCK_NEVER};
	for (int i = 0; i < KEYLESS_MAX; i++)
		ck_assert_int_eq(fate_of_refusal(REFUSE_KEYLESS, 0, 0.5, &b).kind, FATE_RING);
	struct fate f = fate_of_refusal(REFUSE_KEYLESS, 0, 0.5, &b);
	ck_assert_int_eq(f.kind, FATE_DEAD);
	ck_assert_str_eq(f.reason, "unknown_key");
	ck_assert_uint_eq(b.attempt, 1);
}
END_TEST

START_TEST(random_bodies_and_seals_never_run)
{
	enum { ROUNDS = 20000 };
	static const char pieces[] = "{}[]\",:\\ \n0aAZz+/=\"sealed\"\"kid\"\"data\"";
	struct keyring ring;
	struct admission a = wanting(KEY_SEAL_SECRET, &ring);
	uint64_t state = 11;
	for (int round = 0; round < ROUNDS; round++) {
		char data[160];
		size_t len = next_random(&state) % (sizeof data - 1);
		for (size_t i = 0; i < len; i++)
			data[i] = pieces[next_random(&state) % (sizeof pieces - 1)];
		data[len] = 0;
		cleanup_free char *body =
		    round % 2
		        ? xstrdup(data)
		        : xprintf("{" ID ",\"sealed\":{\"kid\":\"k\",\"data\":\"%s\"}}", data);
		struct intake in = read_message(&a, &mail, signed_message(NULL, body));
		ck_assert(in.unfit || in.keyless);
		intake_finish(&in);
	}
	keyring_finish(&ring);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
	    of_a_signed_job_only_what_is_signed_counts,
	    what_is_too_large_is_refused_before_its_signature_is_looked_at,
	    nothing_is_believed_of_a_body_that_nobody_signed,
	    a_queue_without_keys_looks_at_no_signature,
	    sealed_args_are_opened_into_args_and_document,
	    what_is_sealed_must_be_one_json_value,
	    args_that_are_not_sealed_or_do_not_open_are_refused,
	    a_missing_key_is_waited_for_ten_times,
	    random_bodies_and_seals_never_run,
	    NULL,
	};
	SRunner *runner = srunner_create(suite_of("admission", tests));
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
