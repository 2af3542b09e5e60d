/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what is published, and where it goes. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "common/job/outbound.h"
#include "common/job/pack.h"
#include "tests/unit/suites.h"

#define PREFIX "warren.v1"
#define NOW_MS INT64_C(1764384000000)

static void goes_to(const struct outbound *out, const char *exchange, const char *key)
{
	ck_assert_str_eq(out->exchange, exchange);
	ck_assert_str_eq(out->key, key);
}

static struct outbound job_due_at(int64_t not_before_ms)
{
	struct job j = {.id = (char[]){"id-1"},
	                .type = (char[]){"mail"},
	                .not_before_ms = not_before_ms,
	                .expires_at_ms = CLOCK_NEVER};
	return outbound_job(PREFIX, "q", &j, span_of("{\"v\":1}"), NOW_MS);
}

START_TEST(a_job_enters_its_queue_or_the_ring_when_it_is_not_due)
{
	static const struct {
		int64_t not_before_ms;
		const char *exchange;
	} rows[] = {
	    {CLOCK_NEVER, PREFIX ".jobs"},
	    {NOW_MS - 1000, PREFIX ".jobs"},
	    {NOW_MS, PREFIX ".jobs"},
	    {NOW_MS + 1, PREFIX ".delay.00"},
	    {NOW_MS + 12500, PREFIX ".delay.06"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct outbound out = job_due_at(rows[i].not_before_ms);
		goes_to(&out, rows[i].exchange, PREFIX ".q.q");
		ck_assert_str_eq(out.message->message_id, "id-1");
		ck_assert_str_eq(out.message->type, "mail");
		ck_assert_str_eq(out.message->app_id, HEADERS_APP_ID);
		ck_assert_int_eq(out.message->timestamp_s, NOW_MS / 1000);
		ck_assert_str_eq(out.message->body, "{\"v\":1}");
		message_destroy(out.message);
	}
}
END_TEST

START_TEST(a_pack_takes_its_body_and_goes_to_the_queue)
{
	struct buf body = {0};
	pack_add(&body, span_of("{}"));
	pack_close(&body);
	struct outbound out = outbound_pack(PREFIX, "q", &body, NOW_MS);
	goes_to(&out, PREFIX ".jobs", PREFIX ".q.q");
	ck_assert(pack_is(out.message));
	ck_assert_ptr_null(body.data);
	message_destroy(out.message);
}
END_TEST

START_TEST(an_answer_goes_to_the_queue_of_who_waits)
{
	struct buf body = {0};
	buf_append_text(&body, "{\"kind\":\"log\"}");
	struct outbound out =
	    outbound_answer(PREFIX, PREFIX ".reply.1", "7", xstrdup("id#1"), &body);
	goes_to(&out, PREFIX ".replies", PREFIX ".reply.1");
	ck_assert_str_eq(out.message->correlation_id, "7");
	ck_assert_str_eq(out.message->message_id, "id#1");
	ck_assert_str_eq(out.message->body, "{\"kind\":\"log\"}");
	message_destroy(out.message);
}
END_TEST

/* ---- jobs that came as a message ---- */

static struct message *arrived(void)
{
	struct outbound out = job_due_at(CLOCK_NEVER);
	out.message->reply_to = xstrdup("somebody");
	out.message->correlation_id = xstrdup("c");
	table_set_string(&out.message->headers, "x-death", "of the broker");
	table_set_string(&out.message->headers, "colour", "green");
	return out.message;
}

static struct outbound_source source_of(const struct message *m, const struct bookkeeping *book)
{
	return (struct outbound_source){.original = m,
	                                .book = book,
	                                .prefix = PREFIX,
	                                .queue = "q",
	                                .id = "id-2",
	                                .room = headers_room(131064)};
}

/* Checks what both ways to carry a job on have in common. */
static void is_the_same_job(const struct outbound *out)
{
	struct bookkeeping book;
	const struct message *m = out->message;
	headers_read(m, &book);
	ck_assert_uint_eq(book.attempt, 2);
	ck_assert_uint_eq(book.republished, 5);
	ck_assert_str_eq(m->message_id, "id-2");
	ck_assert_str_eq(m->type, "mail");
	ck_assert_str_eq(m->reply_to, "somebody");
	ck_assert_str_eq(m->correlation_id, "c");
	ck_assert_str_eq(m->body, "{\"v\":1}");
	ck_assert_str_eq(table_get_text(&m->headers, "colour"), "green");
	ck_assert_ptr_null(table_get_text(&m->headers, "x-death"));
	bookkeeping_finish(&book);
}

START_TEST(a_job_goes_back_to_its_queue_at_once_or_by_the_ring)
{
	static const struct {
		uint32_t units;
		const char *exchange;
	} rows[] = {{0, PREFIX ".jobs"}, {1, PREFIX ".delay.00"}, {100, PREFIX ".delay.06"}};
	struct message *m = arrived();
	const struct bookkeeping book = {
	    .attempt = 2, .republished = 4, .first_failed_at_ms = CLOCK_NEVER};
	struct outbound_source s = source_of(m, &book);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct outbound out;
		ck_assert(outbound_again(&out, &s, rows[i].units));
		goes_to(&out, rows[i].exchange, PREFIX ".q.q");
		is_the_same_job(&out);
		message_destroy(out.message);
	}
	message_destroy(m);
}
END_TEST

START_TEST(a_dead_letter_has_its_box)
{
	struct message *m = arrived();
	const struct bookkeeping book = {
	    .attempt = 2, .republished = 4, .first_failed_at_ms = CLOCK_NEVER};
	struct outbound_source s = source_of(m, &book);
	struct outbound out;
	ck_assert(outbound_dead(&out, &s, "{\"reason\":\"failures\"}"));
	goes_to(&out, PREFIX ".dead", PREFIX ".q.q");
	is_the_same_job(&out);
	ck_assert_str_eq(table_get_text(&out.message->headers, "warren-box"),
	                 "{\"reason\":\"failures\"}");
	message_destroy(out.message);
	message_destroy(m);
}
END_TEST

START_TEST(a_replayed_letter_has_fresh_budgets)
{
	struct message *m = arrived();
	const struct bookkeeping book = {
	    .attempt = 3, .failures = 2, .replays = 1, .republished = 4, .first_failed_at_ms = 1};
	struct bookkeeping after;
	struct outbound out;
	ck_assert(outbound_replay(&out, PREFIX, "a.key", m, &book));
	goes_to(&out, PREFIX ".jobs", "a.key");
	headers_read(out.message, &after);
	ck_assert_uint_eq(after.attempt, 1);
	ck_assert_uint_eq(after.failures, 0);
	ck_assert_uint_eq(after.replays, 2);
	ck_assert_uint_eq(after.republished, 5);
	ck_assert_str_eq(out.message->message_id, "id-1");
	ck_assert_str_eq(out.message->body, "{\"v\":1}");
	bookkeeping_finish(&after);
	message_destroy(out.message);
	message_destroy(m);
}
END_TEST

START_TEST(headers_that_are_too_large_are_not_published_again)
{
	struct message *m = arrived();
	const struct bookkeeping book = {.attempt = 1, .first_failed_at_ms = CLOCK_NEVER};
	struct outbound_source s = source_of(m, &book);
	struct outbound out;
	cleanup_free char *large = xcalloc(1, HEADERS_FOREIGN_MAX + 2);
	memset(large, 'x', HEADERS_FOREIGN_MAX + 1);
	table_set_string(&m->headers, "large", large);
	ck_assert(!outbound_again(&out, &s, 1));
	ck_assert(!outbound_dead(&out, &s, NULL));
	ck_assert(!outbound_replay(&out, PREFIX, "a.key", m, &book));
	message_destroy(m);
}
END_TEST

Suite *outbound_suite(void)
{
	const TTest *const tests[] = {
	    a_job_enters_its_queue_or_the_ring_when_it_is_not_due,
	    a_pack_takes_its_body_and_goes_to_the_queue,
	    an_answer_goes_to_the_queue_of_who_waits,
	    a_job_goes_back_to_its_queue_at_once_or_by_the_ring,
	    a_dead_letter_has_its_box,
	    a_replayed_letter_has_fresh_budgets,
	    headers_that_are_too_large_are_not_published_again,
	    NULL,
	};
	return suite_of("outbound", tests);
}
