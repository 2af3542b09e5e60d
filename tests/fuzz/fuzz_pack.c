/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits packs. What jansson takes for an array must have the same elements, and what is found must
 * lie in the body.
 */
#include <jansson.h>
#include <string.h>

#include "common/job/pack.h"
#include "common/job/scan.h"
#include "tests/fuzz/fuzz.h"

static struct span found[PACK_JOBS_MAX];

/* Compares each element by itself. What jansson refuses for its own reasons is not compared. */
static void compare(struct span body, size_t count)
{
	json_error_t err;
	json_t *theirs = json_loadb(body.at, body.len, JSON_ALLOW_NUL, &err);
	if (!json_is_array(theirs) || memchr(body.at, 0, body.len)) {
		json_decref(theirs);
		return;
	}
	fuzz_check(json_array_size(theirs) == count);
	for (size_t i = 0; i < count; i++) {
		json_t *alone =
		    json_loadb(found[i].at, found[i].len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &err);
		fuzz_check(alone && json_equal(alone, json_array_get(theirs, i)));
		json_decref(alone);
	}
	json_decref(theirs);
}

/* When each element is valid JSON, the array is. */
static void check_whole(struct span body, size_t count)
{
	struct scan_value value;
	struct scan_error err;
	bool all = true;
	for (size_t i = 0; i < count && all; i++)
		all = scan_text(found[i], &value, &err);
	if (all && !scan_text(body, &value, &err))
		fuzz_check(strcmp(err.reason, "nested too deeply") == 0);
}

static void check_again(size_t count)
{
	struct span again[PACK_JOBS_MAX];
	struct buf body = {0};
	struct codec_error err;
	size_t found_again;
	for (size_t i = 0; i < count; i++)
		pack_add(&body, found[i]);
	pack_close(&body);
	fuzz_check(
	    pack_split((struct span){body.data, body.len}, SIZE_MAX, again, &found_again, &err));
	fuzz_check(found_again == count);
	for (size_t i = 0; i < count; i++)
		fuzz_check(again[i].len == found[i].len &&
		           memcmp(again[i].at, found[i].at, found[i].len) == 0);
	buf_finish(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = {(const char *)data, size};
	struct codec_error err = {0};
	size_t count = 0;
	if (!pack_split(body, SIZE_MAX, found, &count, &err)) {
		struct scan_value value;
		struct scan_error scan;
		fuzz_check(err.offset <= size && err.reason[0]);
		bool array = scan_text(body, &value, &scan) && value.kind == SCAN_ARRAY;
		fuzz_check(!array || strstr(err.reason, "pack"));
		return 0;
	}
	fuzz_check(count > 0 && count <= PACK_JOBS_MAX);
	for (size_t i = 0; i < count; i++)
		fuzz_check(fuzz_lies_in(found[i], body) && found[i].len > 0);
	compare(body, count);
	check_whole(body, count);
	check_again(count);
	return 0;
}
