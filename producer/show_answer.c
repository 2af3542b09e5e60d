/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/show_answer.h"

#include <stdio.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/clean.h"
#include "common/base/error.h"
#include "common/base/memory.h"

static const char *text_of(const json_t *answer, const char *key)
{
	const char *text = json_string_value(json_object_get(answer, key));
	return text ? text : "";
}

/* Like text_of, but with the NULs that the text may hold. */
static struct span words_of(const json_t *answer, const char *key)
{
	const json_t *value = json_object_get(answer, key);
	return (struct span){text_of(answer, key), json_string_length(value)};
}

/* Prints a line for people on stderr, without what could drive their terminal. */
static void tell(const char *before, struct span words)
{
	struct buf b = {0};
	clean_append_but(&b, before, strlen(before), "\t");
	clean_append_but(&b, words.at, words.len, "\t");
	fprintf(stderr, "%s\n", b.data ? b.data : "");
	buf_finish(&b);
}

static void show_progress(const json_t *answer)
{
	const json_t *percent = json_object_get(answer, "percent");
	if (percent)
		fprintf(stderr, "%lld %% ", (long long)json_integer_value(percent));
	tell("", words_of(answer, "note"));
}

static void show_retry(const json_t *answer)
{
	cleanup_free char *before =
	    xprintf("%s, again in %lld ms: ", text_of(answer, "verdict"),
	            (long long)json_integer_value(json_object_get(answer, "again_in_ms")));
	tell(before, words_of(answer, "error"));
}

static void print_bytes(const char *base64)
{
	struct buf bytes = {0};
	if (base64_decode(&bytes, span_of(base64)) && bytes.len > 0)
		fwrite(bytes.data, 1, bytes.len, stdout);
	buf_finish(&bytes);
}

static void show_result(const json_t *answer)
{
	const json_t *result = json_object_get(answer, "result");
	if (result) {
		cleanup_free char *text = json_dumps(result, JSON_ENCODE_ANY | JSON_COMPACT);
		clean_print_json(stdout, text ? text : "");
		putchar('\n');
	} else {
		print_bytes(text_of(answer, "result_b64"));
	}
	if (json_is_true(json_object_get(answer, "result_truncated")))
		fputs("the result was longer; raise the worker's result_max\n", stderr);
}

static void show_end(const json_t *answer, int *code)
{
	bool done = strcmp(text_of(answer, "verdict"), "ok") == 0;
	*code = done ? 0 : ERROR_FAILED;
	show_result(answer);
	if (done)
		return;
	cleanup_free char *before = xprintf("dead (%s): ", text_of(answer, "reason"));
	tell(before, words_of(answer, "error"));
}

bool show_answer(const json_t *answer, int *code)
{
	const char *kind = text_of(answer, "kind");
	if (strcmp(kind, "log") == 0) {
		tell("", words_of(answer, "line"));
	} else if (strcmp(kind, "progress") == 0) {
		show_progress(answer);
	} else if (strcmp(kind, "retry") == 0) {
		show_retry(answer);
	} else if (strcmp(kind, "final") == 0) {
		show_end(answer, code);
		return true;
	}
	return false;
}
