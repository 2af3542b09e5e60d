/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the window of publishes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/window.h"
#include "common/base/memory.h"
#include "tests/unit/suites.h"

static const struct error reason = {
    .kind = ERROR_CONFIG, .cause = CAUSE_TOO_LARGE, .text = "too large"};

struct ends {
	uint64_t token[16];
	enum window_end end[16];
	char text[64];
	enum error_cause cause;
	int count;
};

static void note_end(void *data, uint64_t token, enum window_end end, const struct error *why)
{
	struct ends *e = data;
	snprintf(e->text, sizeof e->text, "%.60s", why ? why->text : "");
	e->cause = why ? why->cause : CAUSE_OTHER;
	e->token[e->count] = token;
	e->end[e->count++] = end;
}

static void add(struct window *w, uint64_t token, const char *id, int64_t deadline)
{
	struct message *m = message_create();
	m->message_id = xstrdup(id);
	window_add(w, token, "x", "k", m, deadline);
}

static void write_all(struct window *w, uint64_t tag)
{
	struct publish *p;
	while ((p = window_next(w)))
		window_wrote(w, p, tag++);
}

START_TEST(a_return_without_an_id_belongs_to_the_publish_without_one)
{
	struct window w;
	struct ends e = {0};
	window_init(&w, note_end, &e);
	add(&w, 1, "one", INT64_MAX);
	add(&w, 2, NULL, INT64_MAX);
	write_all(&w, 1);
	window_returned(&w, NULL, "NO_ROUTE");
	window_acked(&w, 2, true);
	ck_assert_int_eq(e.count, 2);
	ck_assert(e.token[0] == 1 && e.end[0] == WINDOW_CONFIRMED);
	ck_assert(e.token[1] == 2 && e.end[1] == WINDOW_RETURNED);
	window_finish(&w);
}
END_TEST

START_TEST(each_publish_ends_exactly_once)
{
	struct window w;
	struct ends e = {0};
	window_init(&w, note_end, &e);
	for (uint64_t i = 1; i <= 5; i++)
		add(&w, i, i == 3 ? "three" : "other", i == 5 ? 100 : INT64_MAX);
	write_all(&w, 1);
	window_returned(&w, "three", "NO_ROUTE");
	window_returned(&w, NULL, "ignored");
	window_acked(&w, 2, false);
	window_acked(&w, 3, true);
	ck_assert_int_eq(e.count, 3);
	ck_assert(e.token[0] == 2 && e.token[1] == 1 && e.token[2] == 3);
	ck_assert_int_eq(e.end[2], WINDOW_RETURNED);
	ck_assert_str_eq(e.text, "NO_ROUTE");
	ck_assert_int_eq(window_expire(&w, 50), 100);
	ck_assert_int_eq(window_expire(&w, 100), INT64_MAX);
	ck_assert(e.count == 4 && e.end[3] == WINDOW_TIMEDOUT);
	for (int i = 0; i < 2; i++) {
		ck_assert(window_nacked(&w, 4, false));
		write_all(&w, 4);
	}
	ck_assert(!window_nacked(&w, 4, true));
	ck_assert(e.count == 5 && e.end[4] == WINDOW_NACKED);
	window_acked(&w, 9, true);
	ck_assert_int_eq(e.count, 5);
	window_finish(&w);
}
END_TEST

START_TEST(the_next_deadline_is_the_earliest_of_those_that_have_not_ended)
{
	struct window w;
	struct ends e = {0};
	static const int64_t deadlines[] = {300, 100, INT64_MAX, 200, 100, 400};
	window_init(&w, note_end, &e);
	ck_assert_int_eq(window_expire(&w, 0), INT64_MAX);
	for (uint64_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++)
		add(&w, i + 1, "a", deadlines[i]);
	ck_assert_int_eq(window_expire(&w, 0), 100);
	for (uint64_t i = 1; i <= 3; i++) /* the others stay unsent */
		window_wrote(&w, window_next(&w), i);
	window_acked(&w, 2, false);
	ck_assert_int_eq(window_expire(&w, 99), 100);
	ck_assert_int_eq(window_expire(&w, 100), 200);
	ck_assert(e.count == 2 && e.token[1] == 5 && e.end[1] == WINDOW_TIMEDOUT);
	window_rewind(&w);
	ck_assert_int_eq(window_expire(&w, 300), 400);
	ck_assert(e.count == 4 && e.token[2] == 4 && e.token[3] == 1);
	window_finish(&w);
	ck_assert_int_eq(e.count, 4);
}
END_TEST

START_TEST(a_return_counts_for_the_publish_it_was_of_and_no_later_one)
{
	struct window w;
	struct ends e = {0};
	window_init(&w, note_end, &e);
	add(&w, 1, "a", INT64_MAX);
	write_all(&w, 1);
	window_returned(&w, "a", "NO_ROUTE");
	ck_assert(window_nacked(&w, 1, false));
	write_all(&w, 1);
	window_acked(&w, 1, false);
	ck_assert(e.count == 1 && e.end[0] == WINDOW_CONFIRMED);
	window_finish(&w);
}
END_TEST

START_TEST(after_a_loss_everything_goes_out_again_in_order)
{
	struct window w;
	struct ends e = {0};
	window_init(&w, note_end, &e);
	add(&w, 1, "a", INT64_MAX);
	add(&w, 2, "b", INT64_MAX);
	write_all(&w, 1);
	window_returned(&w, "a", "NO_ROUTE");
	add(&w, 3, "c", INT64_MAX);
	window_rewind(&w);
	for (uint64_t i = 1; i <= 3; i++) {
		struct publish *p = window_next(&w);
		ck_assert_uint_eq(p->token, i);
		window_wrote(&w, p, i);
	}
	window_acked(&w, 3, true);
	ck_assert(e.count == 3 && e.end[0] == WINDOW_CONFIRMED);
	add(&w, 4, "d", INT64_MAX);
	window_unfit(&w, window_next(&w), &reason);
	ck_assert(e.count == 4 && e.end[3] == WINDOW_UNFIT);
	add(&w, 5, "e", INT64_MAX);
	window_finish(&w);
	ck_assert_int_eq(e.count, 4);
}
END_TEST

START_TEST(the_first_publish_of_a_size_that_was_too_large_ends_and_no_other)
{
	struct window w;
	struct ends e = {0};
	window_init(&w, note_end, &e);
	for (uint64_t i = 1; i <= 4; i++) {
		struct message *m = message_create();
		message_set_body(m, "12345678", i == 1 ? 3 : 8);
		window_add(&w, i, "x", "k", m, INT64_MAX);
	}
	/* A publish that was not sent has closed nothing. */
	ck_assert(!window_oversized(&w, 8, &reason));
	write_all(&w, 1);
	ck_assert(!window_oversized(&w, 9, &reason));
	ck_assert(window_oversized(&w, 8, &reason));
	ck_assert(e.count == 1 && e.token[0] == 2 && e.end[0] == WINDOW_UNFIT);
	ck_assert_str_eq(e.text, "too large");
	ck_assert_int_eq(e.cause, CAUSE_TOO_LARGE);
	window_rewind(&w);
	ck_assert_uint_eq(window_next(&w)->token, 1);
	window_finish(&w);
}
END_TEST

Suite *window_suite(void)
{
	const TTest *const tests[] = {
	    a_return_without_an_id_belongs_to_the_publish_without_one,
	    each_publish_ends_exactly_once,
	    the_next_deadline_is_the_earliest_of_those_that_have_not_ended,
	    a_return_counts_for_the_publish_it_was_of_and_no_later_one,
	    after_a_loss_everything_goes_out_again_in_order,
	    the_first_publish_of_a_size_that_was_too_large_ends_and_no_other,
	    NULL,
	};
	return suite_of("window", tests);
}
