/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes boxes and histories from any bytes. They are always JSON in ASCII and never over the limit.
 */
#include <jansson.h>
#include <stdlib.h>

#include "common/job/box.h"
#include "tests/fuzz/fuzz.h"

static json_t *read_ascii(const char *text)
{
	for (const char *c = text; *c; c++)
		fuzz_check(*c >= 0x20 && *c < 0x7f);
	json_t *value = json_loads(text, JSON_ALLOW_NUL, NULL);
	fuzz_check(value != NULL);
	return value;
}

static int64_t any_number(struct fuzz_input *in)
{
	return (int64_t)fuzz_u64(in);
}

static void check_history(const char *old, const struct box_attempt *t)
{
	char *history = box_history_add(old, t);
	json_t *value = read_ascii(history);
	size_t count = json_array_size(value);
	fuzz_check(count >= 1 && count <= BOX_HISTORY_MAX);
	const char *verdict =
	    json_string_value(json_object_get(json_array_get(value, count - 1), "verdict"));
	fuzz_check(verdict && strcmp(verdict, t->verdict) == 0);
	char *again = box_history_add(history, t);
	json_t *longer = read_ascii(again);
	fuzz_check(json_array_size(longer) == (count < BOX_HISTORY_MAX ? count + 1 : count));
	json_decref(longer);
	json_decref(value);
	free(again);
	free(history);
}

static void check_box(const char *detail, const struct box_attempt *t, struct span tail,
                      const char *history, size_t max)
{
	char *text = box_make("failures", detail, 1700000000123, "mail", t, tail, history, max);
	json_t *box = read_ascii(text);
	fuzz_check(strlen(text) <= max);
	fuzz_check(strcmp(json_string_value(json_object_get(box, "reason")), "failures") == 0);
	json_t *kept = json_object_get(box, "stderr");
	fuzz_check(json_string_length(kept) <= BOX_STDERR_MAX * 3);
	json_decref(box);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct box_attempt t = {.attempt = fuzz_u16(&in), .verdict = "retry"};
	t.at_ms = any_number(&in);
	t.wall_ms = any_number(&in);
	t.exit_code = (int8_t)fuzz_u8(&in);
	t.max_rss_kib = any_number(&in);
	/*
	 * The names and an empty history need some room, and less cannot be asked for. The worker
	 * gives 24 KiB and more.
	 */
	size_t max = 4096 + fuzz_u16(&in);
	char *error = fuzz_text(fuzz_bytes(&in, fuzz_u16(&in) % 1024));
	char *detail = fuzz_text(fuzz_bytes(&in, fuzz_u16(&in) % 1024));
	char *worker = fuzz_text(fuzz_bytes(&in, fuzz_u8(&in)));
	struct span tail = fuzz_bytes(&in, fuzz_u16(&in) % 16384);
	char *history = fuzz_text(fuzz_rest(&in));
	t.error = error;
	t.worker = worker;
	check_history(history, &t);
	check_box(detail, &t, tail, history, max);
	check_box(detail, NULL, tail, NULL, max);
	free(error);
	free(detail);
	free(worker);
	free(history);
	return 0;
}
