/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the codec with itself and with jansson on job documents. */
#include <jansson.h>
#include <string.h>

#include "common/job/codec.h"
#include "common/job/scan.h"
#include "tests/fuzz/fuzz.h"

enum { DOCUMENT_MAX = 1 << 20 };

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_retry(const struct retry_override *a, const struct retry_override *b)
{
	return a->has_max_attempts == b->has_max_attempts && a->has_kind == b->has_kind &&
	       a->has_base_ms == b->has_base_ms && a->has_max_ms == b->has_max_ms &&
	       a->has_jitter == b->has_jitter &&
	       (!a->has_max_attempts || a->max_attempts == b->max_attempts) &&
	       (!a->has_kind || a->kind == b->kind) &&
	       (!a->has_base_ms || a->base_ms == b->base_ms) &&
	       (!a->has_max_ms || a->max_ms == b->max_ms) &&
	       (!a->has_jitter || a->jitter == b->jitter);
}

static void check_same(const struct job *a, const struct job *b)
{
	fuzz_check(same_text(a->id, b->id));
	fuzz_check(same_text(a->type, b->type));
	fuzz_check(a->args_len == b->args_len && memcmp(a->args, b->args, a->args_len) == 0);
	fuzz_check(a->created_at_ms == b->created_at_ms);
	fuzz_check(a->not_before_ms == b->not_before_ms && a->expires_at_ms == b->expires_at_ms);
	fuzz_check(a->timeout_ms == b->timeout_ms);
	fuzz_check(same_retry(&a->retry, &b->retry));
	fuzz_check(a->header_count == b->header_count);
	for (size_t i = 0; i < a->header_count; i++) {
		fuzz_check(same_text(a->headers[i].name, b->headers[i].name));
		fuzz_check(same_text(a->headers[i].value, b->headers[i].value));
	}
}

static void check_decoded(const struct job *j, struct span document)
{
	fuzz_check(!j->id || job_id_valid(span_of(j->id)));
	fuzz_check(job_type_valid(span_of(j->type)));
	fuzz_check(strlen(j->args) <= j->args_len && j->args[j->args_len] == 0);
	struct span null = {"null", 4}, args = {j->args, j->args_len};
	fuzz_check(memmem(document.at, document.len, args.at, args.len) ||
	           memcmp(args.at, null.at, null.len) == 0);
	fuzz_check(j->timeout_ms >= 0 && j->header_count <= CODEC_MEMBERS_MAX);
	fuzz_check(!j->retry.has_jitter || (j->retry.jitter >= 0 && j->retry.jitter <= 1));
}

static void check_error(const struct codec_error *err, struct span document)
{
	fuzz_check(err->offset <= document.len);
	size_t len = strnlen(err->reason, sizeof err->reason);
	fuzz_check(len > 0 && len < sizeof err->reason);
	for (size_t i = 0; i < len; i++)
		fuzz_check(err->reason[i] >= 0x20 && err->reason[i] != 0x7f);
}

static void check_encode(const struct job *j)
{
	struct buf text = {0};
	struct job again = {0};
	struct codec_error err;
	fuzz_check(codec_encode(j, &text));
	fuzz_check(codec_decode((struct span){text.data, text.len}, SIZE_MAX, CODEC_FIELDS_STRICT,
	                        &again, &err));
	check_same(j, &again);
	job_finish(&again);
	buf_finish(&text);
}

static void check_complete(const struct job *j, struct span document)
{
	struct buf text = {0};
	struct job whole = {0};
	struct codec_error err;
	fuzz_check(codec_complete(document, "0193-id", 1700000000123, &text));
	bool taken = codec_decode((struct span){text.data, text.len}, SIZE_MAX,
	                          CODEC_FIELDS_LENIENT, &whole, &err);
	/* Only up to two members more than the limit allows may be wrong. */
	fuzz_check(taken || strstr(err.reason, "members"));
	if (taken) {
		fuzz_check(whole.id &&
		           (j->id ? strcmp(whole.id, j->id) : strcmp(whole.id, "0193-id")) == 0);
		fuzz_check(whole.created_at_ms != CLOCK_NEVER);
		fuzz_check(whole.args_len == j->args_len &&
		           memcmp(whole.args, j->args, j->args_len) == 0);
		job_finish(&whole);
	}
	buf_finish(&text);
}

static void check_replace(const struct job *j, struct span document)
{
	static char args[] = "[1e2]";
	struct buf text = {0};
	struct job replaced = {0}, expected = *j;
	struct codec_error err;
	expected.args = args;
	expected.args_len = strlen(args);
	fuzz_check(codec_replace_args(document, "\"args\"", span_of(args), &text));
	bool taken = codec_decode((struct span){text.data, text.len}, SIZE_MAX,
	                          CODEC_FIELDS_LENIENT, &replaced, &err);
	fuzz_check(taken || strstr(err.reason, "members"));
	if (taken) {
		check_same(&replaced, &expected);
		fuzz_check(!replaced.sealed);
		job_finish(&replaced);
	}
	buf_finish(&text);
}

/*
 * Some texts the scanner takes and jansson does not: numbers beyond its types, and NUL in keys.
 * jansson takes deeper nesting, and passes over a NUL byte behind a number.
 */
static void check_oracle(struct span text)
{
	struct scan_value value;
	struct scan_error ours = {.reason = ""};
	json_error_t theirs;
	bool taken = scan_text(text, &value, &ours);
	json_t *parsed = json_loadb(text.at, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &theirs);
	if (taken && !parsed)
		fuzz_check(json_error_code(&theirs) == json_error_numeric_overflow ||
		           json_error_code(&theirs) == json_error_null_byte_in_key);
	if (!taken && parsed && !memchr(text.at, 0, text.len))
		fuzz_check(strcmp(ours.reason, "nested too deeply") == 0);
	if (taken)
		fuzz_check(fuzz_lies_in(value.text, text) && value.text.len > 0);
	else
		fuzz_check(ours.offset <= text.len);
	json_decref(parsed);
}

static void check_members(struct span text)
{
	struct scan_value value;
	struct scan_error err;
	struct scan_member m;
	size_t at = 0, before = 0;
	if (!scan_text(text, &value, &err) || value.kind != SCAN_OBJECT)
		return;
	while (scan_next_member(value, &at, &m)) {
		fuzz_check(at > before);
		before = at;
		fuzz_check(fuzz_lies_in(m.key, value.text) &&
		           fuzz_lies_in(m.value.text, value.text));
		fuzz_check(m.key.at[0] == '"' && m.key.at[m.key.len - 1] == '"');
		struct scan_value inner;
		fuzz_check(scan_text(m.value.text, &inner, &err) && inner.kind == m.value.kind);
		struct buf key = {0};
		fuzz_check(scan_unescape(m.key, &key));
		buf_finish(&key);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span document = {(const char *)data, size};
	struct job strict = {0}, lenient = {0};
	struct codec_error why_strict = {0}, why = {0};
	check_oracle(document);
	check_members(document);
	bool is_strict =
	    codec_decode(document, DOCUMENT_MAX, CODEC_FIELDS_STRICT, &strict, &why_strict);
	bool is_lenient =
	    codec_decode(document, DOCUMENT_MAX, CODEC_FIELDS_LENIENT, &lenient, &why);
	fuzz_check(is_lenient || !is_strict); /* what a producer sends, a worker takes */
	if (is_strict)
		check_same(&strict, &lenient);
	else
		check_error(&why_strict, document);
	if (is_lenient) {
		check_decoded(&lenient, document);
		check_encode(&lenient);
		check_complete(&lenient, document);
		check_replace(&lenient, document);
	} else {
		check_error(&why, document);
	}
	job_finish(&strict);
	job_finish(&lenient);
	return 0;
}
