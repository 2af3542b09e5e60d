/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/job/headers.h"
#include "common/base/memory.h"
#include "tests/unit/suites.h"

static struct message *ours(void)
{
	struct message *m = message_create();
	m->app_id = xstrdup(HEADERS_APP_ID);
	return m;
}

static char *text_of(size_t len)
{
	char *text = xcalloc(len + 1, 1);
	memset(text, 'x', len);
	return text;
}

START_TEST(bookkeeping_comes_back_as_it_was_written)
{
	struct message *m = ours();
	struct bookkeeping b = {.attempt = 4,
	                        .failures = 3,
	                        .crashes = 2,
	                        .timeouts = 1,
	                        .snoozes = 5,
	                        .returns = 6,
	                        .unhandled = 7,
	                        .interruptions = 8,
	                        .keyless = 10,
	                        .replays = 9,
	                        .first_failed_at_ms = 1795511280123,
	                        .history = (char[]){"[1]"},
	                        .box = (char[]){"{}"}},
	                   back, copy;
	ck_assert(headers_write(m, &b, NULL, &m->headers));
	headers_read(m, &back);
	bookkeeping_copy(&copy, &back);
	bookkeeping_finish(&back);
	ck_assert_uint_eq(copy.attempt, 4);
	ck_assert_uint_eq(copy.failures, 3);
	ck_assert_uint_eq(copy.crashes, 2);
	ck_assert_uint_eq(copy.timeouts, 1);
	ck_assert_uint_eq(copy.snoozes, 5);
	ck_assert_uint_eq(copy.returns, 6);
	ck_assert_uint_eq(copy.unhandled, 7);
	ck_assert_uint_eq(copy.interruptions, 8);
	ck_assert_uint_eq(copy.keyless, 10);
	ck_assert_uint_eq(copy.replays, 9);
	ck_assert_int_eq(copy.first_failed_at_ms, 1795511280123);
	ck_assert_str_eq(copy.history, "[1]");
	ck_assert_str_eq(copy.box, "{}");
	ck_assert_ptr_nonnull(table_get(&m->headers, "warren-first-failed-at"));
	ck_assert_uint_eq(back.attempt, 1);
	bookkeeping_finish(&copy);
	message_destroy(m);
}
END_TEST

START_TEST(a_fresh_job_has_no_headers)
{
	struct message *m = ours();
	struct bookkeeping b;
	struct table out;
	headers_read(m, &b);
	ck_assert_uint_eq(b.attempt, 1);
	ck_assert_uint_eq(b.failures, 0);
	ck_assert_int_eq(b.first_failed_at_ms, CLOCK_NEVER);
	ck_assert_ptr_null(b.history);
	ck_assert(headers_write(m, &b, NULL, &out));
	ck_assert_uint_eq(out.count, 0);
	bookkeeping_finish(&b);
	message_destroy(m);
}
END_TEST

START_TEST(a_strangers_warren_headers_mean_nothing)
{
	static const char *const apps[] = {NULL, "", "Warren", "warren2"};
	for (size_t i = 0; i < sizeof apps / sizeof *apps; i++) {
		struct message *m = message_create();
		struct bookkeeping b;
		m->app_id = xstrdup(apps[i]);
		table_set_int(&m->headers, "warren-attempt", 99);
		table_set_int(&m->headers, "warren-failures", 99);
		table_set_string(&m->headers, "warren-history", "[1]");
		table_set_string(&m->headers, "warren-box", "{}");
		headers_read(m, &b);
		ck_assert_uint_eq(b.attempt, 1);
		ck_assert_uint_eq(b.failures, 0);
		ck_assert_ptr_null(b.history);
		ck_assert_ptr_null(b.box);
		bookkeeping_finish(&b);
		message_destroy(m);
	}
}
END_TEST

static struct headers_signature signature_after_a_republish(struct message *m)
{
	struct bookkeeping b = {.attempt = 2, .first_failed_at_ms = CLOCK_NEVER};
	struct table out;
	ck_assert(headers_write(m, &b, NULL, &out));
	table_finish(&m->headers);
	m->headers = out;
	return headers_signature(m);
}

START_TEST(a_signature_survives_a_republish_whoever_sent_it)
{
	static const char *const apps[] = {NULL, HEADERS_APP_ID, "somebody"};
	for (size_t i = 0; i < sizeof apps / sizeof *apps; i++) {
		struct message *m = message_create();
		m->app_id = xstrdup(apps[i]);
		ck_assert(!headers_signature(m).present);
		headers_set_signature(&m->headers, "k-1", "c2ln");
		struct headers_signature s = signature_after_a_republish(m);
		ck_assert(s.present);
		ck_assert_str_eq(s.kid, "k-1");
		ck_assert_str_eq(s.sig, "c2ln");
		message_destroy(m);
	}
}
END_TEST

START_TEST(what_cannot_be_a_signature_is_present_but_no_text_and_left_behind)
{
	cleanup_free char *large = text_of(129), *most = text_of(128);
	struct message *m = message_create();
	headers_set_signature(&m->headers, "k", most);
	ck_assert_ptr_nonnull(headers_signature(m).sig);
	headers_set_signature(&m->headers, NULL, large);
	struct headers_signature s = headers_signature(m);
	ck_assert(s.present && s.kid && !s.sig);
	table_set_int(&m->headers, "warren-kid", 5);
	s = headers_signature(m);
	ck_assert(s.present && !s.kid && !s.sig);
	ck_assert(!signature_after_a_republish(m).present);
	message_destroy(m);
}
END_TEST

START_TEST(values_out_of_range_count_as_absent)
{
	struct message *m = ours();
	struct bookkeeping b;
	table_set_int(&m->headers, "warren-attempt", 0);
	table_set_int(&m->headers, "warren-failures", -1);
	table_set_int(&m->headers, "warren-crashes", INT64_MAX);
	table_set_string(&m->headers, "warren-timeouts", "many");
	table_set_string(&m->headers, "warren-snoozes", "3");
	table_set_string(&m->headers, "warren-first-failed-at", "yesterday");
	table_set_int(&m->headers, "warren-history", 1);
	headers_read(m, &b);
	ck_assert_uint_eq(b.attempt, 1);
	ck_assert_uint_eq(b.failures, 0);
	ck_assert_uint_eq(b.crashes, 0);
	ck_assert_uint_eq(b.timeouts, 0);
	ck_assert_uint_eq(b.snoozes, 3);
	ck_assert_int_eq(b.first_failed_at_ms, CLOCK_NEVER);
	ck_assert_ptr_null(b.history);
	bookkeeping_finish(&b);
	message_destroy(m);
}
END_TEST

START_TEST(the_brokers_and_stale_headers_are_left_behind)
{
	static const char *const dropped[] = {
	    "x-death",
	    "x-first-death-queue",
	    "x-first-death-reason",
	    "x-last-death-exchange",
	    "x-delivery-count",
	    "x-acquired-count",
	    "CC",
	    "BCC",
	    "X-Death",
	    "cc",
	    "warren-06",
	    "warren-box",
	    "Warren-attempt",
	    "warren-pack",
	};
	static const char *const kept[] = {"traceparent", "x-tenant", "x-deaths",
	                                   "CCC",         "warrens",  "x-first-deaths"};
	struct message *m = ours();
	struct bookkeeping b = {.attempt = 2, .first_failed_at_ms = CLOCK_NEVER};
	struct table out;
	for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
		table_set_string(&m->headers, dropped[i], "stale");
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		table_set_string(&m->headers, kept[i], "kept");
	ck_assert(headers_write(m, &b, NULL, &out));
	ck_assert_uint_eq(out.count, sizeof kept / sizeof *kept + 1);
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		ck_assert_str_eq(table_get_text(&out, kept[i]), "kept");
	int64_t attempt = 0;
	ck_assert(table_get_int(&out, "warren-attempt", &attempt) && attempt == 2);
	table_finish(&out);
	message_destroy(m);
}
END_TEST

START_TEST(a_route_is_written_hop_by_hop)
{
	struct message *m = ours();
	struct bookkeeping b = {.attempt = 1, .first_failed_at_ms = CLOCK_NEVER};
	struct delay_route route = delay_route(100);
	struct table out;
	ck_assert(headers_write(m, &b, &route, &out));
	ck_assert_uint_eq(out.count, 3);
	ck_assert_str_eq(table_get_text(&out, "warren-06"), "05");
	ck_assert_str_eq(table_get_text(&out, "warren-05"), "02");
	ck_assert_str_eq(table_get_text(&out, "warren-02"), "out");
	table_finish(&out);
	message_destroy(m);
}
END_TEST

START_TEST(our_texts_give_way_before_the_limit)
{
	struct message *m = ours();
	struct bookkeeping b = {.attempt = 2, .first_failed_at_ms = CLOCK_NEVER};
	struct table out;
	b.box = text_of(HEADERS_OURS_MAX - 1000);
	b.history = text_of(2000);
	ck_assert(headers_write(m, &b, NULL, &out));
	ck_assert_ptr_nonnull(table_get(&out, "warren-box"));
	ck_assert_ptr_null(table_get(&out, "warren-history"));
	ck_assert_uint_le(table_wire_size(&out), HEADERS_OURS_MAX);
	table_finish(&out);
	free(b.box);
	b.box = text_of(HEADERS_OURS_MAX);
	ck_assert(headers_write(m, &b, NULL, &out));
	ck_assert_ptr_null(table_get(&out, "warren-box"));
	ck_assert_ptr_nonnull(table_get(&out, "warren-history"));
	table_finish(&out);
	bookkeeping_finish(&b);
	message_destroy(m);
}
END_TEST

START_TEST(foreign_headers_have_a_limit)
{
	struct message *m = ours();
	struct bookkeeping b = {.attempt = 1, .first_failed_at_ms = CLOCK_NEVER};
	struct table out = {.count = 77};
	/* 1 + 1 name, 1 + 4 + text */
	char *text = text_of(HEADERS_FOREIGN_MAX - 7);
	table_set_string(&m->headers, "f", text);
	table_set_string(&m->headers, "x-death", text);
	ck_assert_uint_eq(headers_foreign_size(m), HEADERS_FOREIGN_MAX);
	ck_assert(headers_write(m, &b, NULL, &out));
	ck_assert_uint_eq(out.count, 1);
	table_finish(&out);
	table_set_bool(&m->headers, "g", true);
	out.count = 77;
	ck_assert(!headers_write(m, &b, NULL, &out));
	ck_assert_uint_eq(out.count, 77);
	free(text);
	message_destroy(m);
}
END_TEST

START_TEST(the_largest_message_fits_one_frame)
{
	struct message *m = ours();
	struct bookkeeping b = {.attempt = 1000, .first_failed_at_ms = 0};
	struct delay_route route = delay_route(DELAY_UNITS_MAX);
	struct table out;
	char *text = text_of(HEADERS_FOREIGN_MAX - 7);
	table_set_string(&m->headers, "f", text);
	free(text);
	b.box = text_of(HEADERS_OURS_MAX - 2000);
	b.history = text_of(1000);
	ck_assert(headers_write(m, &b, &route, &out));
	table_finish(&m->headers);
	m->headers = out;
	char *longest = text_of(255);
	m->content_type = xstrdup(longest);
	m->message_id = xstrdup(longest);
	m->type = xstrdup(longest);
	m->reply_to = xstrdup(longest);
	m->correlation_id = longest;
	m->timestamp_s = 1;
	ck_assert_uint_lt(message_header_size(m), 131064);
	bookkeeping_finish(&b);
	message_destroy(m);
}
END_TEST

START_TEST(the_delivery_count_is_the_brokers)
{
	struct message *m = message_create();
	ck_assert_uint_eq(headers_delivery_count(m), 0);
	table_set_int(&m->headers, "x-delivery-count", 3);
	ck_assert_uint_eq(headers_delivery_count(m), 3);
	table_set_int(&m->headers, "x-delivery-count", -3);
	ck_assert_uint_eq(headers_delivery_count(m), 0);
	table_set_int(&m->headers, "x-delivery-count", INT64_MAX);
	ck_assert_uint_eq(headers_delivery_count(m), INT32_MAX);
	message_destroy(m);
}
END_TEST

Suite *headers_suite(void)
{
	const TTest *const tests[] = {
	    bookkeeping_comes_back_as_it_was_written,
	    a_fresh_job_has_no_headers,
	    a_strangers_warren_headers_mean_nothing,
	    a_signature_survives_a_republish_whoever_sent_it,
	    what_cannot_be_a_signature_is_present_but_no_text_and_left_behind,
	    values_out_of_range_count_as_absent,
	    the_brokers_and_stale_headers_are_left_behind,
	    a_route_is_written_hop_by_hop,
	    our_texts_give_way_before_the_limit,
	    foreign_headers_have_a_limit,
	    the_largest_message_fits_one_frame,
	    the_delivery_count_is_the_brokers,
	    NULL,
	};
	return suite_of("headers", tests);
}
