/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/codec.h"

#include <float.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/job/scan.h"

#define TIMEOUT_MAX_MS (INT64_C(1) << 53)
enum { ATTEMPTS_MAX = 1000000 };

struct reader {
	struct span body;
	enum codec_fields fields;
	struct codec_error *err;
	struct job job;
};

typedef bool read_fn(struct reader *r, struct scan_value v);

struct field_rule {
	struct span name;
	read_fn *read; /* NULL ends the table */
};

#define FIELD(name, read)                                                                          \
	{                                                                                          \
		SPAN_LITERAL(name), (read)                                                         \
	}
#define END_OF_FIELDS                                                                              \
	{                                                                                          \
		.read = NULL                                                                       \
	}

static bool fail_at(struct reader *r, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail_at(struct reader *r, const char *at, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(r->err->reason, sizeof r->err->reason, fmt, args);
	va_end(args);
	r->err->offset = (size_t)(at - r->body.at);
	return false;
}

static bool no_memory(struct reader *r)
{
	return fail_at(r, r->body.at, "out of memory");
}

/* ---- scalars ---- */

static bool take_text(struct reader *r, struct scan_value v, const char *what, char **out)
{
	struct buf text = {0};
	if (v.kind != SCAN_STRING)
		return fail_at(r, v.text.at, "%s must be a string", what);
	if (!scan_unescape(v.text, &text)) {
		buf_finish(&text);
		return no_memory(r);
	}
	if (memchr(text.data, 0, text.len)) {
		buf_finish(&text);
		return fail_at(r, v.text.at, "%s holds a NUL byte", what);
	}
	free(*out);
	*out = buf_steal(&text, NULL);
	return true;
}

static bool take_integer(struct reader *r, struct scan_value v, const char *what, int64_t min,
                         int64_t max, int64_t *out)
{
	int64_t n = 0;
	bool ok = v.kind == SCAN_NUMBER;
	for (size_t i = 0; ok && i < v.text.len; i++) {
		char c = v.text.at[i];
		ok = c >= '0' && c <= '9' && !__builtin_mul_overflow(n, 10, &n) &&
		     !__builtin_add_overflow(n, c - '0', &n);
	}
	if (!ok || n < min || n > max)
		return fail_at(r, v.text.at, "%s must be an integer from %lld to %lld", what,
		               (long long)min, (long long)max);
	*out = n;
	return true;
}

static bool take_time(struct reader *r, struct scan_value v, const char *what, int64_t *out)
{
	bool plain = v.kind == SCAN_STRING && v.text.len > 2;
	if (!plain || !clock_parse((struct span){v.text.at + 1, v.text.len - 2}, out))
		return fail_at(r, v.text.at,
		               "%s must be an RFC 3339 time such as \"2026-11-24T09:08:00.123Z\"",
		               what);
	return true;
}

/* ---- objects ---- */

/* A key without its quotes and escapes. */
struct name {
	struct span text;
	struct buf plain; /* holds text when there were escapes */
};

static void name_finish(struct name *n)
{
	buf_finish(&n->plain);
}

#define cleanup_name __attribute__((cleanup(name_finish)))

/* Returns false if memory is exhausted. */
static bool name_of(struct span key, struct name *n)
{
	n->text = (struct span){key.at + 1, key.len - 2};
	if (!memchr(key.at, '\\', key.len))
		return true;
	bool ok = scan_unescape(key, &n->plain);
	n->text = (struct span){n->plain.data, n->plain.len};
	return ok;
}

enum { SHOWN_SIZE = 72 };

/*
 * Returns the beginning of a key as it stands in the document, in printable ASCII, for a message to
 * people.
 */
static const char *shown(struct span key, char out[static SHOWN_SIZE])
{
	size_t used = 0;
	for (size_t i = 0; i < key.len; i++) {
		unsigned char c = (unsigned char)key.at[i];
		if (used > SHOWN_SIZE - 9) {
			strcpy(out + used, "...");
			break;
		}
		used += (size_t)snprintf(out + used, SHOWN_SIZE - used,
		                         c >= 0x7f ? "\\x%02x" : "%c", c);
	}
	return out;
}

/*
 * The keys met so far, compared by hash and then in full. The number of members is bounded, so that
 * a hostile document cannot buy quadratic work with linear bytes.
 */
struct keys {
	struct span seen[CODEC_MEMBERS_MAX];
	uint64_t hashes[CODEC_MEMBERS_MAX];
	size_t count;
};

/* Returns false if memory is exhausted. */
static bool same_name(struct span key, struct span text, bool *same)
{
	cleanup_name struct name n = {0};
	if (!name_of(key, &n))
		return false;
	*same = n.text.len == text.len && memcmp(n.text.at, text.at, text.len) == 0;
	return true;
}

static bool note_key(struct reader *r, struct keys *k, struct span key, struct span name)
{
	char text[SHOWN_SIZE];
	uint64_t h = hash_bytes(name);
	for (size_t i = 0; i < k->count; i++) {
		bool same = false;
		if (k->hashes[i] == h && !same_name(k->seen[i], name, &same))
			return no_memory(r);
		if (same)
			return fail_at(r, key.at, "duplicate key %s", shown(key, text));
	}
	if (k->count == CODEC_MEMBERS_MAX)
		return fail_at(r, key.at, "more than %d members in one object", CODEC_MEMBERS_MAX);
	k->hashes[k->count] = h;
	k->seen[k->count++] = key;
	return true;
}

static const struct field_rule *rule_for(const struct field_rule *rules, struct span name)
{
	for (; rules->read; rules++)
		if (span_same(name, rules->name))
			return rules;
	return NULL;
}

/* Is called for a member that has no rule. Returns true if the member is allowed. */
typedef bool unknown_fn(struct reader *r, struct span key, struct span name);

static bool read_member(struct reader *r, struct keys *keys, const struct scan_member *m,
                        const struct field_rule *rules, unknown_fn *unknown)
{
	cleanup_name struct name n = {0};
	if (!name_of(m->key, &n))
		return no_memory(r);
	if (!note_key(r, keys, m->key, n.text))
		return false;
	const struct field_rule *rule = rule_for(rules, n.text);
	if (rule)
		return rule->read(r, m->value);
	return r->fields == CODEC_FIELDS_LENIENT || unknown(r, m->key, n.text);
}

static bool read_object(struct reader *r, struct scan_value object, const char *what,
                        const struct field_rule *rules, unknown_fn *unknown)
{
	if (object.kind != SCAN_OBJECT)
		return fail_at(r, object.text.at, "%s must be an object", what);
	struct keys keys;
	struct scan_member m;
	size_t at = 0;
	/*
	 * only the count is cleared, because clearing all would cost more than reading a small job
	 */
	keys.count = 0;
	while (scan_next_member(object, &at, &m))
		if (!read_member(r, &keys, &m, rules, unknown))
			return false;
	return true;
}

/* ---- retry ---- */

static bool unknown_in_retry(struct reader *r, struct span key, struct span name)
{
	char text[SHOWN_SIZE];
	(void)name;
	return fail_at(r, key.at, "unknown key %s in retry", shown(key, text));
}

static bool read_kind(struct reader *r, struct scan_value v)
{
	char *name = NULL;
	if (!take_text(r, v, "backoff.kind", &name))
		return false;
	bool known = backoff_from_name(name, &r->job.retry.kind);
	free(name);
	r->job.retry.has_kind = true;
	return known || fail_at(r, v.text.at,
	                        "backoff.kind must be \"exponential\", \"linear\" or \"fixed\"");
}

static bool read_base(struct reader *r, struct scan_value v)
{
	r->job.retry.has_base_ms = true;
	return take_integer(r, v, "backoff.base_ms", 1, TIMEOUT_MAX_MS, &r->job.retry.base_ms);
}

static bool read_max(struct reader *r, struct scan_value v)
{
	r->job.retry.has_max_ms = true;
	return take_integer(r, v, "backoff.max_ms", 1, TIMEOUT_MAX_MS, &r->job.retry.max_ms);
}

static bool read_jitter(struct reader *r, struct scan_value v)
{
	char text[32];
	if (v.kind == SCAN_NUMBER && v.text.len < sizeof text) {
		memcpy(text, v.text.at, v.text.len);
		text[v.text.len] = 0;
		r->job.retry.jitter = strtod(text, NULL);
		r->job.retry.has_jitter = true;
		if (r->job.retry.jitter >= 0 && r->job.retry.jitter <= 1)
			return true;
	}
	return fail_at(r, v.text.at, "backoff.jitter must be a number from 0 to 1");
}

static bool read_backoff(struct reader *r, struct scan_value v)
{
	static const struct field_rule rules[] = {
	    FIELD("kind", read_kind), FIELD("base_ms", read_base), FIELD("max_ms", read_max),
	    FIELD("jitter", read_jitter), END_OF_FIELDS};
	return read_object(r, v, "retry.backoff", rules, unknown_in_retry);
}

static bool read_max_attempts(struct reader *r, struct scan_value v)
{
	int64_t n = 0;
	if (!take_integer(r, v, "retry.max_attempts", 1, ATTEMPTS_MAX, &n))
		return false;
	r->job.retry.has_max_attempts = true;
	r->job.retry.max_attempts = (unsigned)n;
	return true;
}

static bool read_retry(struct reader *r, struct scan_value v)
{
	static const struct field_rule rules[] = {FIELD("max_attempts", read_max_attempts),
	                                          FIELD("backoff", read_backoff), END_OF_FIELDS};
	return read_object(r, v, "retry", rules, unknown_in_retry);
}

/* ---- headers ---- */

static bool add_header(struct reader *r, struct keys *keys, const struct scan_member *m)
{
	cleanup_name struct name n = {0};
	if (!name_of(m->key, &n))
		return no_memory(r);
	if (!note_key(r, keys, m->key, n.text))
		return false;
	struct job_header *grown =
	    realloc(r->job.headers, (r->job.header_count + 1) * sizeof *grown);
	if (!grown)
		return no_memory(r);
	r->job.headers = grown;
	struct job_header *h = &grown[r->job.header_count++];
	*h = (struct job_header){0};
	struct scan_value key = {SCAN_STRING, m->key};
	return take_text(r, key, "a header's name", &h->name) &&
	       take_text(r, m->value, "a header's value", &h->value);
}

static bool read_headers(struct reader *r, struct scan_value v)
{
	if (v.kind != SCAN_OBJECT)
		return fail_at(r, v.text.at, "headers must be an object");
	struct keys keys;
	struct scan_member m;
	size_t at = 0;
	keys.count = 0;
	while (scan_next_member(v, &at, &m))
		if (!add_header(r, &keys, &m))
			return false;
	return true;
}

/* ---- sealed args ---- */

static bool unknown_in_sealed(struct reader *r, struct span key, struct span name)
{
	char text[SHOWN_SIZE];
	(void)name;
	return fail_at(r, key.at, "unknown key %s in sealed", shown(key, text));
}

static bool read_sealed_kid(struct reader *r, struct scan_value v)
{
	if (!take_text(r, v, "sealed.kid", &r->job.sealed_to))
		return false;
	return key_id_valid(span_of(r->job.sealed_to)) ||
	       fail_at(r, v.text.at, "sealed.kid must be " KEY_ID_FORM);
}

static bool read_sealed_data(struct reader *r, struct scan_value v)
{
	return take_text(r, v, "sealed.data", &r->job.sealed);
}

static bool read_sealed(struct reader *r, struct scan_value v)
{
	static const struct field_rule rules[] = {FIELD("kid", read_sealed_kid),
	                                          FIELD("data", read_sealed_data), END_OF_FIELDS};
	if (!read_object(r, v, "sealed", rules, unknown_in_sealed))
		return false;
	return (r->job.sealed_to && r->job.sealed) ||
	       fail_at(r, v.text.at, "sealed needs kid and data");
}

/* ---- the document ---- */

static bool read_version(struct reader *r, struct scan_value v)
{
	return span_equals(v.text, "1") ||
	       fail_at(r, v.text.at, "v must be 1: this is the only version there is");
}

static bool read_id(struct reader *r, struct scan_value v)
{
	if (!take_text(r, v, "id", &r->job.id))
		return false;
	return job_id_valid(span_of(r->job.id)) ||
	       fail_at(r, v.text.at, "id must be 1 to %d bytes of A-Za-z0-9._:-", JOB_ID_MAX);
}

static bool read_type(struct reader *r, struct scan_value v)
{
	if (!take_text(r, v, "type", &r->job.type))
		return false;
	return job_type_valid(span_of(r->job.type)) ||
	       fail_at(r, v.text.at, "type must be 1 to %d bytes of A-Za-z0-9._-", JOB_TYPE_MAX);
}

static bool set_args(struct reader *r, struct span bytes)
{
	struct buf copy = {0};
	if (!buf_append(&copy, bytes.at, bytes.len)) {
		buf_finish(&copy);
		return no_memory(r);
	}
	r->job.args = buf_steal(&copy, &r->job.args_len);
	return true;
}

static bool read_args(struct reader *r, struct scan_value v)
{
	return set_args(r, v.text);
}

static bool read_created(struct reader *r, struct scan_value v)
{
	return take_time(r, v, "created_at", &r->job.created_at_ms);
}

static bool read_not_before(struct reader *r, struct scan_value v)
{
	return take_time(r, v, "not_before", &r->job.not_before_ms);
}

static bool read_expires(struct reader *r, struct scan_value v)
{
	return take_time(r, v, "expires_at", &r->job.expires_at_ms);
}

static bool read_timeout(struct reader *r, struct scan_value v)
{
	return take_integer(r, v, "timeout_ms", 1, TIMEOUT_MAX_MS, &r->job.timeout_ms);
}

static const struct field_rule document_rules[] = {
    FIELD("v", read_version),          FIELD("id", read_id),
    FIELD("type", read_type),          FIELD("args", read_args),
    FIELD("created_at", read_created), FIELD("not_before", read_not_before),
    FIELD("expires_at", read_expires), FIELD("timeout_ms", read_timeout),
    FIELD("retry", read_retry),        FIELD("headers", read_headers),
    FIELD("sealed", read_sealed),      END_OF_FIELDS,
};

static bool refuse_unknown(struct reader *r, struct span key, struct span name)
{
	static const char *const reserved[] = {"queue", "key",    "unique",  "priority",
	                                       "batch", "parent", "on_done", "pack"};
	char text[SHOWN_SIZE];
	if (name.len >= 2 && memcmp(name.at, "x-", 2) == 0)
		return true;
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (span_equals(name, reserved[i]))
			return fail_at(r, key.at, "field %s is reserved for a later version",
			               shown(key, text));
	return fail_at(r, key.at, "unknown field %s (names of your own begin with x-)",
	               shown(key, text));
}

/* The seal is bound to the id, so the id must stand in the document and not come from elsewhere. */
static bool check_sealed(struct reader *r)
{
	if (!r->job.id)
		return fail_at(r, r->body.at, "a job with sealed args needs the field \"id\"");
	bool none = !r->job.args || strcmp(r->job.args, "null") == 0;
	return none || fail_at(r, r->body.at, "args and sealed exclude each other");
}

static bool read_document(struct reader *r, size_t max)
{
	struct scan_value document;
	struct scan_error scan;
	if (r->body.len > max)
		return fail_at(r, r->body.at, "%zu bytes are over the limit of %zu", r->body.len,
		               max);
	if (!scan_text(r->body, &document, &scan))
		return fail_at(r, r->body.at + scan.offset, "%s", scan.reason);
	if (!read_object(r, document, "a job", document_rules, refuse_unknown))
		return false;
	if (!r->job.type)
		return fail_at(r, r->body.at, "field \"type\" is missing");
	if (r->job.sealed && !check_sealed(r))
		return false;
	return r->job.args || set_args(r, span_of("null"));
}

bool codec_decode(struct span body, size_t max, enum codec_fields fields, struct job *j,
                  struct codec_error *err)
{
	struct reader r = {
	    .body = {body.at ? body.at : "", body.len},
	    .fields = fields,
	    .err = err,
	    .job = {.created_at_ms = CLOCK_NEVER,
	            .not_before_ms = CLOCK_NEVER,
	            .expires_at_ms = CLOCK_NEVER},
	};
	if (!read_document(&r, max)) {
		job_finish(&r.job);
		return false;
	}
	*j = r.job;
	return true;
}

/* ---- writing ---- */

static void put_text(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_append_text(b, b->len > 1 ? ",\"" : "\"");
	buf_append_text(b, name);
	buf_append_text(b, "\":");
	buf_append_json_string(b, value, strlen(value));
}

static void put_time(struct buf *b, const char *name, int64_t at_ms)
{
	char text[CLOCK_TEXT_SIZE];
	if (at_ms != CLOCK_NEVER)
		put_text(b, name, clock_format(at_ms, text));
}

/*
 * Writes the shortest text that is read back as the same number. read_jitter has room for the
 * longest.
 */
static void put_jitter(struct buf *b, double jitter)
{
	char text[32];
	int digits = FLT_DIG;
	do
		snprintf(text, sizeof text, "%.*g", digits, jitter);
	while (strtod(text, NULL) != jitter && digits++ < DBL_DECIMAL_DIG);
	buf_printf(b, "\"jitter\":%s", text);
}

static void put_backoff(struct buf *b, const struct retry_override *o)
{
	const char *comma = "";
	buf_append_text(b, "\"backoff\":{");
	if (o->has_kind) {
		buf_printf(b, "\"kind\":\"%s\"", backoff_name(o->kind));
		comma = ",";
	}
	if (o->has_base_ms) {
		buf_printf(b, "%s\"base_ms\":%lld", comma, (long long)o->base_ms);
		comma = ",";
	}
	if (o->has_max_ms) {
		buf_printf(b, "%s\"max_ms\":%lld", comma, (long long)o->max_ms);
		comma = ",";
	}
	if (o->has_jitter) {
		buf_append_text(b, comma);
		put_jitter(b, o->jitter);
	}
	buf_append_text(b, "}");
}

static void put_retry(struct buf *b, const struct retry_override *o)
{
	bool backoff = o->has_kind || o->has_base_ms || o->has_max_ms || o->has_jitter;
	if (!o->has_max_attempts && !backoff)
		return;
	buf_append_text(b, ",\"retry\":{");
	if (o->has_max_attempts)
		buf_printf(b, "\"max_attempts\":%u%s", o->max_attempts, backoff ? "," : "");
	if (backoff)
		put_backoff(b, o);
	buf_append_text(b, "}");
}

static void put_headers(struct buf *b, const struct job *j)
{
	if (j->header_count == 0)
		return;
	buf_append_text(b, ",\"headers\":{");
	for (size_t i = 0; i < j->header_count; i++) {
		buf_append_text(b, i ? "," : "");
		buf_append_json_string(b, j->headers[i].name, strlen(j->headers[i].name));
		buf_append_text(b, ":");
		buf_append_json_string(b, j->headers[i].value, strlen(j->headers[i].value));
	}
	buf_append_text(b, "}");
}

bool codec_encode(const struct job *j, struct buf *out)
{
	struct buf b = {0};
	buf_append_text(&b, "{");
	put_text(&b, "id", j->id);
	put_text(&b, "type", j->type);
	if (j->args) {
		buf_append_text(&b, ",\"args\":");
		buf_append(&b, j->args, j->args_len);
	}
	put_time(&b, "created_at", j->created_at_ms);
	put_time(&b, "not_before", j->not_before_ms);
	put_time(&b, "expires_at", j->expires_at_ms);
	if (j->timeout_ms > 0)
		buf_printf(&b, ",\"timeout_ms\":%lld", (long long)j->timeout_ms);
	put_retry(&b, &j->retry);
	put_headers(&b, j);
	buf_append_text(&b, "}");
	bool ok = !b.failed && buf_append(out, b.data, b.len);
	buf_finish(&b);
	return ok;
}

/* Finds in one walk which of the two members are there. Returns false if memory is exhausted. */
static bool find_members(struct scan_value object, bool *has_id, bool *has_created, bool *empty)
{
	struct scan_member m;
	size_t at = 0;
	*has_id = *has_created = false;
	*empty = true;
	while (scan_next_member(object, &at, &m)) {
		bool id = false, created = false;
		*empty = false;
		if (!same_name(m.key, span_of("id"), &id) ||
		    !same_name(m.key, span_of("created_at"), &created))
			return false;
		*has_id |= id;
		*has_created |= created;
	}
	return true;
}

/* Finds the object in a valid text by its ends alone. Returns false if it is no object. */
static bool object_of(struct span text, struct scan_value *object)
{
	static const char blanks[] = " \t\r\n";
	while (text.len > 0 && memchr(blanks, text.at[0], sizeof blanks - 1))
		text = (struct span){text.at + 1, text.len - 1};
	while (text.len > 0 && memchr(blanks, text.at[text.len - 1], sizeof blanks - 1))
		text.len--;
	*object = (struct scan_value){SCAN_OBJECT, text};
	return text.len >= 2 && text.at[0] == '{' && text.at[text.len - 1] == '}';
}

bool codec_complete(struct span body, const char *id, int64_t created_at_ms, struct buf *out)
{
	struct scan_value document;
	bool has_id, has_created, empty;
	if (!object_of(body, &document) || !find_members(document, &has_id, &has_created, &empty))
		return false;
	struct buf b = {0};
	buf_append_text(&b, "{");
	put_text(&b, "id", has_id ? NULL : id);
	put_time(&b, "created_at", has_created ? CLOCK_NEVER : created_at_ms);
	if (b.len > 1 && !empty)
		buf_append_text(&b, ",");
	buf_append(&b, document.text.at + 1, document.text.len - 1);
	bool ok = !b.failed && buf_append(out, b.data, b.len);
	buf_finish(&b);
	return ok;
}

static void put_member(struct buf *b, struct span key, struct span value)
{
	buf_append_text(b, b->len > 1 ? "," : "");
	buf_append(b, key.at, key.len);
	buf_append_text(b, ":");
	buf_append(b, value.at, value.len);
}

bool codec_replace_args(struct span body, const char *key, struct span value, struct buf *out)
{
	struct scan_value document;
	struct scan_error err;
	struct scan_member m;
	struct buf b = {0};
	bool placed = false, ok = scan_text(body, &document, &err) && document.kind == SCAN_OBJECT;
	size_t at = 0;
	buf_append_text(&b, "{");
	while (ok && scan_next_member(document, &at, &m)) {
		bool args = false, sealed = false;
		ok = same_name(m.key, span_of("args"), &args) &&
		     same_name(m.key, span_of("sealed"), &sealed);
		if (!args && !sealed)
			put_member(&b, m.key, m.value.text);
		else if (!placed)
			put_member(&b, span_of(key), value);
		placed = placed || args || sealed;
	}
	if (!placed)
		put_member(&b, span_of(key), value);
	buf_append_text(&b, "}");
	ok = ok && !b.failed && buf_append(out, b.data, b.len);
	buf_wipe(&b);
	return ok;
}
