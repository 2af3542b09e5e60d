/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/box.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clean.h"
#include "common/base/clock.h"
#include "common/base/memory.h"

static json_t *checked(json_t *value)
{
	if (!value)
		abort(); /* memory is exhausted, nothing else can fail here */
	return value;
}

/* Returns any bytes as a JSON string. A byte that is not UTF-8 becomes U+FFFD. */
static json_t *text_value(const char *data, size_t len)
{
	struct buf quoted = {0};
	buf_append_json_string(&quoted, data, len);
	json_t *value = json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	buf_finish(&quoted);
	return checked(value);
}

static void set_text(json_t *object, const char *key, const char *text, size_t max)
{
	if (text)
		json_object_set_new(object, key, text_value(text, strnlen(text, max)));
}

static void set_number(json_t *object, const char *key, int64_t n)
{
	if (n >= 0)
		json_object_set_new(object, key, checked(json_integer(n)));
}

static void set_time(json_t *object, const char *key, int64_t at_ms)
{
	char text[CLOCK_TEXT_SIZE];
	if (at_ms >= 0)
		set_text(object, key, clock_format(at_ms, text), sizeof text);
}

static json_t *attempt_value(const struct box_attempt *t)
{
	json_t *o = checked(json_object());
	set_number(o, "attempt", t->attempt);
	set_time(o, "at", t->at_ms);
	set_text(o, "verdict", t->verdict, 64);
	set_number(o, "exit", t->exit_code);
	set_text(o, "signal", t->signal, 64);
	set_number(o, "queued_ms", t->queued_ms);
	set_number(o, "wall_ms", t->wall_ms);
	set_number(o, "cpu_user_ms", t->cpu_user_ms);
	set_number(o, "cpu_system_ms", t->cpu_system_ms);
	set_number(o, "max_rss_kib", t->max_rss_kib);
	set_text(o, "worker", t->worker, 256);
	set_text(o, "error", t->error, BOX_ERROR_MAX);
	return o;
}

static json_t *history_value(const char *text)
{
	json_t *history = text ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL;
	if (json_is_array(history))
		return history;
	json_decref(history);
	return checked(json_array());
}

/* jansson writes DEL as it is, also where it is told to write ASCII. */
static char *dump(const json_t *value)
{
	struct buf clean = {0};
	cleanup_free char *text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (!text)
		abort();
	clean_append_json(&clean, text);
	return clean.data;
}

char *box_history_add(const char *old, const struct box_attempt *t)
{
	json_t *history = history_value(old);
	json_array_append_new(history, attempt_value(t));
	while (json_array_size(history) > BOX_HISTORY_MAX)
		json_array_remove(history, 0);
	char *text = dump(history);
	json_decref(history);
	return text;
}

/*
 * Makes the box smaller by one step, until the text fits. First the older half of stderr_tail goes,
 * then the oldest attempts, then error and detail.
 */
static bool shrink(json_t *box, struct span *tail)
{
	json_t *attempts = json_object_get(box, "attempts");
	if (tail->len > 0) {
		size_t keep = tail->len > 64 ? tail->len / 2 : 0;
		*tail = (struct span){tail->at + tail->len - keep, keep};
		json_object_set_new(box, "stderr", text_value(tail->at, tail->len));
		return true;
	}
	if (json_array_size(attempts) > 0)
		return json_array_remove(attempts, 0) == 0;
	return json_object_del(box, "detail") == 0 ||
	       json_object_del(json_object_get(box, "try"), "error") == 0;
}

char *box_make(const char *reason, const char *detail, int64_t at_ms, const char *queue,
               const struct box_attempt *last, struct span stderr_tail, const char *history,
               size_t max)
{
	json_t *box = checked(json_object());
	set_text(box, "reason", reason, 64);
	set_text(box, "detail", detail, BOX_ERROR_MAX);
	set_time(box, "at", at_ms);
	set_text(box, "queue", queue, 128);
	if (last)
		json_object_set_new(box, "try", attempt_value(last));
	if (stderr_tail.len > BOX_STDERR_MAX)
		stderr_tail = (struct span){stderr_tail.at + stderr_tail.len - BOX_STDERR_MAX,
		                            BOX_STDERR_MAX};
	if (stderr_tail.len > 0)
		json_object_set_new(box, "stderr", text_value(stderr_tail.at, stderr_tail.len));
	json_object_set_new(box, "attempts", history_value(history));

	char *text = dump(box);
	while (strlen(text) > max && shrink(box, &stderr_tail)) {
		free(text);
		text = dump(box);
	}
	json_decref(box);
	return text;
}
