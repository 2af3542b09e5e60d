/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/job/box.h"
#include "common/base/clock.h"
#include "common/job/headers.h"
#include "tests/unit/suites.h"

static const struct box_attempt killed = {
    .attempt = 3,
    .at_ms = 1795511280123,
    .wall_ms = 12,
    .cpu_user_ms = 5,
    .cpu_system_ms = 1,
    .max_rss_kib = 2048,
    .verdict = "crash",
    .exit_code = -1,
    .signal = "SIGSEGV",
    .worker = "host:1",
    .error = "ended by SIGSEGV",
};

static const struct box_attempt unknown = {
    .attempt = 1,
    .at_ms = -1,
    .queued_ms = -1,
    .wall_ms = -1,
    .cpu_user_ms = -1,
    .cpu_system_ms = -1,
    .max_rss_kib = -1,
    .exit_code = 0,
};

static json_t *parse(const char *text)
{
	json_error_t err;
	json_t *value = json_loads(text, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &err);
	ck_assert_msg(value != NULL, "%s in %s", err.text, text);
	return value;
}

static const char *text_in(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

START_TEST(a_try_is_written_whole)
{
	char *text = box_history_add(NULL, &killed);
	json_t *history = parse(text), *t = json_array_get(history, 0);
	ck_assert_uint_eq(json_array_size(history), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(t, "attempt")), 3);
	ck_assert_str_eq(text_in(t, "at"), "2026-11-24T09:08:00.123Z");
	ck_assert_int_eq(json_integer_value(json_object_get(t, "wall_ms")), 12);
	ck_assert_int_eq(json_integer_value(json_object_get(t, "cpu_user_ms")), 5);
	ck_assert_int_eq(json_integer_value(json_object_get(t, "cpu_system_ms")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(t, "max_rss_kib")), 2048);
	ck_assert_str_eq(text_in(t, "verdict"), "crash");
	ck_assert_ptr_null(json_object_get(t, "exit"));
	ck_assert_str_eq(text_in(t, "signal"), "SIGSEGV");
	ck_assert_str_eq(text_in(t, "worker"), "host:1");
	ck_assert_str_eq(text_in(t, "error"), "ended by SIGSEGV");
	json_decref(history);
	free(text);
}
END_TEST

START_TEST(what_is_unknown_is_left_out)
{
	char *text = box_history_add("not json", &unknown);
	ck_assert_str_eq(text, "[{\"attempt\":1,\"exit\":0}]");
	free(text);
}
END_TEST

START_TEST(the_history_keeps_the_last_tries)
{
	char *text = strdup("[\"an old entry of any form\"]");
	for (unsigned i = 1; i <= BOX_HISTORY_MAX + 2; i++) {
		struct box_attempt t = unknown;
		t.attempt = i;
		char *next = box_history_add(text, &t);
		free(text);
		text = next;
	}
	json_t *history = parse(text);
	ck_assert_uint_eq(json_array_size(history), BOX_HISTORY_MAX);
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(history, 0), "attempt")),
	                 3);
	ck_assert_int_eq(json_integer_value(json_object_get(
	                     json_array_get(history, BOX_HISTORY_MAX - 1), "attempt")),
	                 BOX_HISTORY_MAX + 2);
	json_decref(history);
	free(text);
}
END_TEST

START_TEST(a_history_that_is_no_array_counts_as_empty)
{
	static const char *const rows[] = {"", "{}", "[1", "7", "[\"\xff\"]", "[] x"};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = box_history_add(rows[i], &unknown);
		ck_assert_str_eq(text, "[{\"attempt\":1,\"exit\":0}]");
		free(text);
	}
}
END_TEST

START_TEST(a_box_says_why_where_and_when)
{
	char *text = box_make("crashes", "ended by SIGSEGV", 1795511280123, "mail", &killed,
	                      span_of("oops\n\xff\x1b"), "[{\"attempt\":2}]", HEADERS_OURS_MAX);
	json_t *box = parse(text);
	ck_assert_str_eq(text_in(box, "reason"), "crashes");
	ck_assert_str_eq(text_in(box, "detail"), "ended by SIGSEGV");
	ck_assert_str_eq(text_in(box, "at"), "2026-11-24T09:08:00.123Z");
	ck_assert_str_eq(text_in(box, "queue"), "mail");
	ck_assert_str_eq(text_in(json_object_get(box, "try"), "signal"), "SIGSEGV");
	ck_assert_str_eq(text_in(box, "stderr"), "oops\n\xef\xbf\xbd\x1b");
	ck_assert_uint_eq(json_array_size(json_object_get(box, "attempts")), 1);
	json_decref(box);
	free(text);
}
END_TEST

START_TEST(a_job_that_never_ran_has_a_box_too)
{
	char *text = box_make("malformed", NULL, CLOCK_NEVER, "mail", NULL, (struct span){0}, NULL,
	                      HEADERS_OURS_MAX);
	ck_assert_str_eq(text, "{\"reason\":\"malformed\",\"queue\":\"mail\",\"attempts\":[]}");
	free(text);
}
END_TEST

/* In shrinking room each box fits, and what is left out first is gone first. */
START_TEST(a_box_fits_the_room_there_is)
{
	char tail[20000], error[600], history[4096] = "[";
	memset(tail, 'o', sizeof tail);
	memcpy(tail + sizeof tail - 3, "END", 3);
	memset(error, 'e', sizeof error);
	error[sizeof error - 1] = 0;
	struct box_attempt t = killed;
	t.error = error;
	for (int i = 0; i < 10; i++) {
		size_t used = strlen(history);
		memset(history + used, 0, 8);
		snprintf(history + used, sizeof history - used,
		         "%s{\"attempt\":%d,\"error\":\"%0100d\"}", i ? "," : "", i, i);
	}
	strcat(history, "]");
	size_t stderr_before = SIZE_MAX, attempts_before = SIZE_MAX;
	for (size_t max = 12000; max >= 600; max -= 200) {
		char *text = box_make("failures", "detail", 0, "mail", &t,
		                      (struct span){tail, sizeof tail}, history, max);
		ck_assert_uint_le(strlen(text), max);
		json_t *box = parse(text);
		const char *kept = text_in(box, "stderr");
		size_t stderr_now = kept ? strlen(kept) : 0,
		       attempts_now = json_array_size(json_object_get(box, "attempts"));
		ck_assert_uint_le(stderr_now, BOX_STDERR_MAX);
		ck_assert(stderr_now == 0 || strcmp(kept + stderr_now - 3, "END") == 0);
		ck_assert(attempts_now == 10 || stderr_now == 0);
		ck_assert_uint_le(stderr_now, stderr_before);
		ck_assert_uint_le(attempts_now, attempts_before);
		const json_t *last =
		    json_array_get(json_object_get(box, "attempts"), attempts_now - 1);
		ck_assert(attempts_now == 0 ||
		          json_integer_value(json_object_get(last, "attempt")) == 9);
		ck_assert_str_eq(text_in(box, "reason"), "failures");
		stderr_before = stderr_now;
		attempts_before = attempts_now;
		json_decref(box);
		free(text);
	}
	char *least = box_make("failures", "detail", 0, "mail", &t,
	                       (struct span){tail, sizeof tail}, history, 10);
	json_t *box = parse(least);
	ck_assert_ptr_null(json_object_get(box, "detail"));
	ck_assert_ptr_null(json_object_get(json_object_get(box, "try"), "error"));
	ck_assert_str_eq(text_in(box, "reason"), "failures");
	json_decref(box);
	free(least);
}
END_TEST

/* jansson writes DEL as it is, also where it is told to write ASCII. */
START_TEST(no_control_byte_of_a_job_is_in_the_text)
{
	static const char every[] = "\001\t\n\033\177\302\233\342\200\256end";
	struct box_attempt t = unknown;
	t.error = every;
	char *history = box_history_add("[{\"error\":\"\177\"}]", &t);
	char *text = box_make("failures", every, 0, "mail", &t, span_of(every), history, 24576);
	for (const char *c = text; *c; c++)
		ck_assert_msg(*c >= 0x20 && *c < 0x7f, "byte %02x", (unsigned char)*c);
	for (const char *c = history; *c; c++)
		ck_assert_msg(*c >= 0x20 && *c < 0x7f, "byte %02x", (unsigned char)*c);
	json_t *box = parse(text);
	ck_assert_str_eq(text_in(box, "detail"), every);
	ck_assert_str_eq(text_in(box, "stderr"), every);
	json_decref(box);
	free(text);
	free(history);
}
END_TEST

Suite *box_suite(void)
{
	const TTest *const tests[] = {
	    a_try_is_written_whole,
	    what_is_unknown_is_left_out,
	    the_history_keeps_the_last_tries,
	    a_history_that_is_no_array_counts_as_empty,
	    a_box_says_why_where_and_when,
	    a_job_that_never_ran_has_a_box_too,
	    a_box_fits_the_room_there_is,
	    no_control_byte_of_a_job_is_in_the_text,
	    NULL,
	};
	return suite_of("box", tests);
}
