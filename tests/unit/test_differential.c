/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares our scanner with jansson's parser. They must agree on every text but for the differences
 * in `differences`, which docs/message-format.md lists too. The texts are the corpus and seeded
 * random mutations of it.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/job/codec.h"
#include "common/job/scan.h"
#include "tests/unit/corpus.h"
#include "tests/unit/suites.h"

Suite *differential_suite(void);

static bool scanner_refuses_depth(const struct scan_error *ours, const json_error_t *theirs)
{
	(void)theirs;
	return strcmp(ours->reason, "nested too deeply") == 0;
}

static bool jansson_refuses_number(const struct scan_error *ours, const json_error_t *theirs)
{
	(void)ours;
	return json_error_code(theirs) == json_error_numeric_overflow;
}

static bool jansson_refuses_nul_in_key(const struct scan_error *ours, const json_error_t *theirs)
{
	(void)ours;
	return json_error_code(theirs) == json_error_null_byte_in_key;
}

/* All differences that there are. */
static struct {
	const char *what;
	bool we_take_it; /* we take the text and jansson does not; false is the other way round */
	bool (*applies)(const struct scan_error *ours, const json_error_t *theirs);
	unsigned long seen;
} differences[] = {
    {"depth over 64: ours refuses, jansson's limit is 2048", false, scanner_refuses_depth, 0},
    {"numbers beyond jansson's integers and doubles: ours keeps the digits", true,
     jansson_refuses_number, 0},
    {"\\u0000 in a key: ours takes it in args", true, jansson_refuses_nul_in_key, 0},
};
enum { DIFFERENCES = sizeof differences / sizeof *differences };

static unsigned long taken_by_both, refused_by_both, jobs_compared;

static bool listed(bool we_take_it, const struct scan_error *ours, const json_error_t *theirs)
{
	for (size_t i = 0; i < DIFFERENCES; i++) {
		if (differences[i].we_take_it == we_take_it &&
		    differences[i].applies(ours, theirs)) {
			differences[i].seen++;
			return true;
		}
	}
	return false;
}

static void show(const char *what, struct span text)
{
	struct buf shown = {0};
	buf_append_json_string(&shown, text.at, text.len);
	ck_abort_msg("%s: %s", what, shown.data);
}

static void compare_text(struct span quoted, const json_t *theirs, struct span document)
{
	struct buf plain = {0};
	scan_unescape(quoted, &plain);
	if (plain.len != json_string_length(theirs) ||
	    memcmp(plain.data, json_string_value(theirs), plain.len) != 0)
		show("a string reads otherwise", document);
	buf_finish(&plain);
}

/* Compares the members of an object that both took. They must be the same. */
static void compare_members(struct scan_value ours, const json_t *theirs, struct span document)
{
	struct scan_member m;
	size_t at = 0;
	while (scan_next_member(ours, &at, &m)) {
		struct buf key = {0};
		scan_unescape(m.key, &key);
		const json_t *value = json_object_getn(theirs, key.data, key.len);
		if (!value)
			show("a member is missing", document);
		buf_finish(&key);
		static const enum scan_kind kinds[] = {
		    [JSON_OBJECT] = SCAN_OBJECT, [JSON_ARRAY] = SCAN_ARRAY,
		    [JSON_STRING] = SCAN_STRING, [JSON_INTEGER] = SCAN_NUMBER,
		    [JSON_REAL] = SCAN_NUMBER,   [JSON_TRUE] = SCAN_TRUE,
		    [JSON_FALSE] = SCAN_FALSE,   [JSON_NULL] = SCAN_NULL};
		if (kinds[json_typeof(value)] != m.value.kind)
			show("a member is of another kind", document);
		if (m.value.kind == SCAN_STRING)
			compare_text(m.value.text, value, document);
	}
}

/* Compares what the codec made of a document with what jansson made of it. */
static void compare_job(struct span document, const json_t *theirs)
{
	struct job j;
	struct codec_error err;
	if (!codec_decode(document, document.len, CODEC_FIELDS_LENIENT, &j, &err))
		return;
	jobs_compared++;
	const json_t *type = json_object_get(theirs, "type"), *id = json_object_get(theirs, "id"),
	             *args = json_object_get(theirs, "args"),
	             *headers = json_object_get(theirs, "headers");
	if (!json_is_string(type) || strcmp(j.type, json_string_value(type)) != 0)
		show("the type differs", document);
	if (!j.id != !id || (id && strcmp(j.id, json_string_value(id)) != 0))
		show("the id differs", document);
	json_t *ours = json_loadb(j.args, j.args_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (!ours || (args ? !json_equal(ours, args) : !json_is_null(ours)))
		show("args differ", document);
	if (j.header_count != json_object_size(headers))
		show("the headers differ", document);
	for (size_t i = 0; i < j.header_count; i++)
		if (strcmp(j.headers[i].value,
		           json_string_value(json_object_get(headers, j.headers[i].name))) != 0)
			show("a header differs", document);
	if (j.timeout_ms != json_integer_value(json_object_get(theirs, "timeout_ms")))
		show("timeout_ms differs", document);
	json_decref(ours);
	job_finish(&j);
}

/*
 * Returns true if a member comes twice. Then jansson does not have them all, and only the verdict
 * on the text can be compared.
 */
static bool has_duplicates(struct span text)
{
	json_t *value = json_loadb(text.at, text.len,
	                           JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	json_decref(value);
	return !value;
}

static void compare(struct span text)
{
	struct scan_value value;
	struct scan_error ours = {.reason = ""};
	json_error_t theirs;
	bool taken = scan_text(text, &value, &ours);
	json_t *parsed = json_loadb(text.at, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &theirs);
	if (taken != (parsed != NULL)) {
		if (!listed(taken, &ours, &theirs))
			show(taken ? theirs.text : ours.reason, text);
	} else if (taken) {
		taken_by_both++;
		if (value.kind == SCAN_OBJECT && !has_duplicates(text))
			compare_members(value, parsed, text);
		compare_job(text, parsed);
	} else {
		refused_by_both++;
	}
	json_decref(parsed);
}

/* ---- mutations ---- */

static const char *const tokens[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\u12",
    "0",
    "-",
    "1e999",
    "1e-999",
    ".5",
    "E+1",
    "00",
    "1.5",
    "-0",
    "123456789012345678901",
    "true",
    "nul",
    "false",
    "null",
    "NaN",
    "\xc3\xa9",
    "\xed\xa0\x80",
    "\xf4\x90\x80\x80",
    "\xc0\x80",
    "\xff",
    "\xef\xbb\xbf",
    "\x01",
    "\x7f",
    "\n",
    " ",
    "\t",
    "\"a\":",
    "\"a\\u0000\":1,",
    "{\"x\":1}",
    "[[[[[[[[[[[[[[[[",
    "]]]]]]]]]]]]]]]]",
    "\"id\":\"i\",",
    "\"headers\":{\"a\":\"b\"},",
    "\"timeout_ms\":5,",
    "/*",
    "\f",
    "\v",
    "'",
};

static size_t below(uint64_t *seed, size_t limit)
{
	return limit ? (size_t)(next_random(seed) % limit) : 0;
}

/* Replaces bytes [from, to) of b. */
static void splice(struct buf *b, size_t from, size_t to, const void *data, size_t len)
{
	struct buf made = {0};
	buf_append(&made, b->data, from);
	buf_append(&made, data, len);
	buf_append(&made, b->data + to, b->len - to);
	buf_finish(b);
	*b = made;
}

static void mutate(struct buf *b, const struct buf *other, uint64_t *seed)
{
	size_t from = below(seed, b->len + 1), to = from + below(seed, b->len - from + 1);
	size_t start = below(seed, other->len + 1), len = below(seed, other->len - start + 1);
	size_t near = from + below(seed, to - from < 4 ? to - from + 1 : 4);
	const char *token = tokens[below(seed, sizeof tokens / sizeof *tokens)];
	char byte = (char)next_random(seed);
	switch (next_random(seed) % 6) {
	case 0:
		splice(b, from, from < b->len ? from + 1 : from, &byte, 1);
		break;
	case 1:
		splice(b, from, from, token, strlen(token));
		break;
	case 2:
		splice(b, from, near, token, strlen(token));
		break;
	case 3:
		splice(b, from, near, "", 0);
		break;
	case 4:
		splice(b, from, to, other->data + start, len);
		break;
	case 5: {
		char *copy = malloc(to - from + 1);
		memcpy(copy, b->data + from, to - from);
		splice(b, to, to, copy, to - from);
		free(copy);
	}
	}
}

static void compare_mutations(const struct corpus *c, size_t rounds, uint64_t seed)
{
	for (size_t i = 0; i < rounds; i++) {
		struct buf b = {0};
		const struct buf *origin = &c->cases[below(&seed, c->count)].body;
		buf_append(&b, origin->data, origin->len);
		for (size_t n = 1 + below(&seed, 3); n > 0 && b.len < 20000; n--)
			mutate(&b, &c->cases[below(&seed, c->count)].body, &seed);
		compare((struct span){b.data, b.len});
		buf_finish(&b);
	}
}

START_TEST(the_scanner_agrees_with_jansson_but_for_the_listed_differences)
{
	static const char *const folders[][2] = {
	    {"valid", "args"}, {"invalid", "expect"}, {"strict", "expect"}};
	for (int i = 0; i < 3; i++) {
		struct corpus c = corpus_read(folders[i][0], folders[i][1]);
		for (size_t k = 0; k < c.count; k++)
			compare((struct span){c.cases[k].body.data, c.cases[k].body.len});
		compare_mutations(&c, 6000, 100 + (uint64_t)i);
		corpus_finish(&c);
	}
	/* A case that was never met was not tested. */
	ck_assert_uint_gt(taken_by_both, 1000);
	ck_assert_uint_gt(refused_by_both, 1000);
	ck_assert_uint_gt(jobs_compared, 300);
	for (size_t i = 0; i < DIFFERENCES; i++)
		ck_assert_msg(differences[i].seen > 0, "never met: %s", differences[i].what);
}
END_TEST

Suite *differential_suite(void)
{
	const TTest *const tests[] = {
	    the_scanner_agrees_with_jansson_but_for_the_listed_differences,
	    NULL,
	};
	return suite_of("differential", tests);
}
