/* SPDX-License-Identifier: Apache-2.0 */
/* Tests pure parts of the worker: intake, republish, redelivery, complaint. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/job/codec.h"
#include "common/base/memory.h"
#include "tests/unit/suites.h"
#include "worker/rules/complaint.h"
#include "worker/rules/intake.h"
#include "worker/rules/redelivery.h"
#include "worker/rules/republish.h"

static const struct queue_settings mail = {.name = (char[]){"mail"}, .weight = 1};

static const struct admission everybody;

static struct message *message_of(const char *body)
{
	struct message *m = message_create();
	m->app_id = xstrdup(HEADERS_APP_ID);
	message_set_body(m, body, strlen(body));
	return m;
}

static struct intake read_from(const struct message *m, const struct queue_settings *queue)
{
	struct intake in;
	intake_read(&in, m, queue, &everybody, CODEC_BODY_MAX_DEFAULT);
	return in;
}

START_TEST(the_id_is_the_documents_then_the_messages_then_a_hash)
{
	static const struct {
		const char *body, *message_id, *id;
	} rows[] = {
	    {"{\"type\":\"t\",\"id\":\"mine\"}", "other", "mine"},
	    {"{\"type\":\"t\"}", "other", "other"},
	    {"{\"type\":\"t\"}", "not a valid id", "h-"},
	    {"{\"type\":\"t\"}", NULL, "h-"},
	    {"no job at all", "other", "other"},
	    {"no job at all", NULL, "h-"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message *m = message_of(rows[i].body);
		m->message_id = xstrdup(rows[i].message_id);
		struct intake in = read_from(m, &mail), again = read_from(m, &mail);
		if (strcmp(rows[i].id, "h-") == 0)
			ck_assert_uint_eq(strlen(in.job.id), JOB_HASH_SIZE - 1);
		ck_assert_int_eq(strncmp(in.job.id, rows[i].id, strlen(rows[i].id)), 0);
		ck_assert_str_eq(in.job.id, again.job.id);
		intake_finish(&in);
		intake_finish(&again);
		message_destroy(m);
	}
}
END_TEST

START_TEST(a_hashed_id_depends_on_queue_body_and_time)
{
	const struct queue_settings other = {.name = (char[]){"other"}};
	struct message *a = message_of("{\"type\":\"t\"}"), *b = message_of("{\"type\":\"t\"} "),
	               *c = message_copy(a);
	c->timestamp_s = 1;
	struct intake in[] = {read_from(a, &mail), read_from(a, &other), read_from(b, &mail),
	                      read_from(c, &mail)};
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(in[i].job.id, in[k].job.id);
	for (int i = 0; i < 4; i++)
		intake_finish(&in[i]);
	message_destroy(a);
	message_destroy(b);
	message_destroy(c);
}
END_TEST

START_TEST(a_job_that_nobody_named_stays_anonymous_when_it_carries_its_hash)
{
	static const struct {
		const char *body, *message_id;
		bool anonymous;
	} rows[] = {
	    {"{\"type\":\"t\",\"id\":\"mine\"}", NULL, false},
	    {"{\"type\":\"t\"}", "other", false},
	    {"{\"type\":\"t\"}", "not a valid id", true},
	    {"{\"type\":\"t\"}", NULL, true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message *m = message_of(rows[i].body);
		m->message_id = xstrdup(rows[i].message_id);
		struct intake first = read_from(m, &mail);
		free(m->message_id);
		m->message_id = xstrdup(first.job.id); /* as its republish has it */
		struct intake second = read_from(m, &mail);
		ck_assert_int_eq(first.anonymous, rows[i].anonymous);
		ck_assert_int_eq(second.anonymous, rows[i].anonymous);
		intake_finish(&first);
		intake_finish(&second);
		message_destroy(m);
	}
}
END_TEST

START_TEST(a_malformed_message_says_where_and_why)
{
	struct message *m = message_of("{\"type\":\"t\",}");
	struct intake in = read_from(m, &mail);
	ck_assert(in.unfit);
	ck_assert_str_eq(in.detail, "byte 12: expected a key in double quotes");
	intake_finish(&in);
	message_destroy(m);
	m = message_create(); /* no body at all */
	in = read_from(m, &mail);
	ck_assert(in.unfit);
	intake_finish(&in);
	message_destroy(m);
}
END_TEST

START_TEST(a_raw_queue_takes_any_body)
{
	static const struct {
		const char *message_type, *queue_type, *type;
	} rows[] = {
	    {"t", "q", "t"}, {NULL, "q", "q"}, {"not valid", "q", "q"}, {NULL, NULL, "mail"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct queue_settings raw = mail;
		raw.raw = true;
		raw.type = xstrdup(rows[i].queue_type);
		struct message *m = message_create();
		m->type = xstrdup(rows[i].message_type);
		message_set_body(m, "\xff\0{", 3);
		struct intake in = read_from(m, &raw);
		ck_assert(!in.unfit);
		ck_assert_str_eq(in.job.type, rows[i].type);
		ck_assert_uint_eq(in.job.args_len, 3);
		ck_assert_mem_eq(in.job.args, "\xff\0{", 4);
		ck_assert_int_eq(in.job.created_at_ms, CLOCK_NEVER);
		intake_finish(&in);
		free(raw.type);
		message_destroy(m);
	}
}
END_TEST

START_TEST(a_raw_body_has_a_limit_and_a_time_too)
{
	struct queue_settings raw = mail;
	struct intake in;
	struct message *m = message_of("12345");
	raw.raw = true;
	intake_read(&in, m, &raw, &everybody, 4);
	ck_assert(in.unfit);
	ck_assert_str_eq(in.detail, "body of 5 bytes is over the limit of 4");
	intake_finish(&in);
	m->timestamp_s = 1795511280;
	in = read_from(m, &raw);
	ck_assert_int_eq(in.job.created_at_ms, 1795511280000);
	intake_finish(&in);
	m->timestamp_s = INT64_MAX; /* a stranger may write anything */
	in = read_from(m, &raw);
	ck_assert_int_eq(in.job.created_at_ms, CLOCK_NEVER);
	intake_finish(&in);
	message_destroy(m);
}
END_TEST

START_TEST(the_jobs_retry_fields_override_the_queues)
{
	struct queue_settings queue = mail;
	queue.retry = retry_default;
	struct message *m = message_of("{\"type\":\"t\",\"retry\":{\"max_attempts\":9}}");
	struct intake in = read_from(m, &queue);
	ck_assert_uint_eq(in.policy.max_attempts, 9);
	ck_assert_int_eq(in.policy.base_ms, retry_default.base_ms);
	ck_assert_uint_eq(in.book.attempt, 1);
	intake_finish(&in);
	message_destroy(m);
}
END_TEST

START_TEST(what_stops_a_job_is_looked_at_in_order)
{
	static const struct {
		int64_t expires_at_ms, not_before_ms;
		unsigned delivery_count;
		bool handled, paused;
		enum refusal want;
	} rows[] = {
	    {CLOCK_NEVER, CLOCK_NEVER, 0, true, false, REFUSE_NOT},
	    {1001, 1000, 2, true, false, REFUSE_NOT},
	    {1000, 2000, 9, false, true, REFUSE_EXPIRED},
	    {1001, 2000, 3, false, true, REFUSE_INTERRUPTED},
	    {1001, 1001, 2, false, true, REFUSE_EARLY},
	    {1001, 1000, 2, false, true, REFUSE_UNHANDLED},
	    {1001, 1000, 2, true, true, REFUSE_PAUSED},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct intake in = {.delivery_count = rows[i].delivery_count};
		in.job.expires_at_ms = rows[i].expires_at_ms;
		in.job.not_before_ms = rows[i].not_before_ms;
		ck_assert_msg(intake_refuse(&in, 1000, rows[i].handled, rows[i].paused) ==
		                  rows[i].want,
		              "row %zu", i);
	}
}
END_TEST

/* ---- republish ---- */

static struct outbound republish_of(const struct message *m, struct fate fate, const char *box)
{
	struct outbound out = {.message = NULL};
	struct bookkeeping book = {.attempt = 2, .failures = 1, .first_failed_at_ms = 0};
	const struct outbound_source source = {.original = m,
	                                       .book = &book,
	                                       .prefix = "warren.v1",
	                                       .queue = "mail",
	                                       .id = "id",
	                                       .type = "t",
	                                       .room = headers_room(SIZE_MAX)};
	ck_assert(republish_make(&out, &source, &fate, box));
	ck_assert_str_eq(out.key, "warren.v1.q.mail");
	ck_assert_str_eq(out.message->message_id, "id");
	ck_assert_str_eq(out.message->app_id, "warren");
	ck_assert_uint_eq(out.message->body_len, m->body_len);
	ck_assert_mem_eq(out.message->body, m->body, m->body_len);
	return out;
}

START_TEST(a_job_goes_on_by_the_ring_or_at_once_or_to_the_dead)
{
	static const struct {
		struct fate fate;
		const char *exchange;
		size_t hops;
	} rows[] = {
	    {{.kind = FATE_RING, .delay_ms = 12500, .exact = true}, "warren.v1.delay.06", 3},
	    {{.kind = FATE_RING, .delay_ms = 0}, "warren.v1.jobs", 0},
	    {{.kind = FATE_RING, .delay_ms = 1}, "warren.v1.delay.00", 1},
	    {{.kind = FATE_RING, .delay_ms = INT64_MAX}, "warren.v1.delay.27", 4},
	    {{.kind = FATE_RING, .delay_ms = INT64_MAX, .exact = true}, "warren.v1.delay.27", 28},
	    {{.kind = FATE_DEAD, .reason = "failures"}, "warren.v1.dead", 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message *m = message_of("{\"type\" : \"t\"}");
		table_set_string(&m->headers, "tenant", "blue");
		table_set_string(&m->headers, "warren-27", "out");
		table_set_string(&m->headers, "x-death", "dropped");
		m->reply_to = xstrdup("r");
		struct outbound out =
		    republish_of(m, rows[i].fate, rows[i].fate.kind == FATE_DEAD ? "{}" : NULL);
		size_t hops = 0;
		ck_assert_str_eq(out.exchange, rows[i].exchange);
		for (int level = 0; level < DELAY_LEVELS; level++) {
			char name[32];
			snprintf(name, sizeof name, "warren-%02d", level);
			hops += table_get(&out.message->headers, name) != NULL;
		}
		ck_assert_uint_eq(hops, rows[i].hops);
		ck_assert_str_eq(table_get_text(&out.message->headers, "tenant"), "blue");
		ck_assert_ptr_null(table_get(&out.message->headers, "x-death"));
		ck_assert(!table_get(&out.message->headers, "warren-box") ==
		          (rows[i].fate.kind != FATE_DEAD));
		ck_assert_str_eq(out.message->reply_to, "r");
		message_destroy(out.message);
		message_destroy(m);
	}
}
END_TEST

START_TEST(headers_that_fit_no_frame_are_not_published_again)
{
	struct message *m = message_of("x");
	char *text = xcalloc(HEADERS_FOREIGN_MAX + 1, 1);
	memset(text, 'x', HEADERS_FOREIGN_MAX);
	table_set_string(&m->headers, "f", text);
	struct outbound out = {.message = NULL};
	struct bookkeeping book = {.attempt = 1, .first_failed_at_ms = CLOCK_NEVER};
	struct fate fate = {.kind = FATE_RING};
	const struct outbound_source source = {.original = m,
	                                       .book = &book,
	                                       .prefix = "warren.v1",
	                                       .queue = "mail",
	                                       .id = "id",
	                                       .type = "t",
	                                       .room = headers_room(SIZE_MAX)};
	ck_assert(!republish_make(&out, &source, &fate, NULL));
	ck_assert_ptr_null(out.message);
	free(text);
	message_destroy(m);
}
END_TEST

/* ---- redelivery ---- */

static const struct headers_signature unsigned_;

START_TEST(a_job_is_known_by_queue_id_counters_and_body)
{
	const struct bookkeeping first = {.attempt = 1}, second = {.attempt = 2};
	uint64_t key = redelivery_key(1, "a", &first, unsigned_, span_of("body"));
	ck_assert_uint_eq(key, redelivery_key(1, "a", &first, unsigned_, span_of("body")));
	ck_assert_uint_ne(key, redelivery_key(2, "a", &first, unsigned_, span_of("body")));
	ck_assert_uint_ne(key, redelivery_key(1, "b", &first, unsigned_, span_of("body")));
	ck_assert_uint_ne(key, redelivery_key(1, "a", &second, unsigned_, span_of("body")));
	ck_assert_uint_ne(key, redelivery_key(1, "a", &first, unsigned_, span_of("bodz")));
	ck_assert_uint_ne(key, redelivery_key(1, "a", &first, unsigned_, span_of("")));
}
END_TEST

/*
 * Otherwise a copy with a bad signature would make the worker take the signed job, delivered again,
 * for dead already.
 */
START_TEST(a_copy_with_another_signature_is_another_job)
{
	static const struct headers_signature signatures[] = {
	    {.present = false}, {.present = true},  {true, .kid = "k"}, {true, .sig = "k"},
	    {true, "k", "sig"}, {true, "k", "gis"}, {true, "l", "sig"}, {true, "ks", "ig"},
	};
	const struct bookkeeping book = {.attempt = 1};
	for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_uint_ne(
			    redelivery_key(1, "a", &book, signatures[i], span_of("body")),
			    redelivery_key(1, "a", &book, signatures[k], span_of("body")));
}
END_TEST

/*
 * Otherwise a redelivered copy of the job that went round would be acknowledged as finished without
 * having run.
 */
START_TEST(a_job_that_went_round_without_a_new_attempt_is_another_one)
{
	static const struct bookkeeping rounds[] = {
	    {.attempt = 1},
	    {.attempt = 1, .snoozes = 1},
	    {.attempt = 1, .returns = 1},
	    {.attempt = 1, .unhandled = 1},
	    {.attempt = 1, .interruptions = 1},
	    {.attempt = 1, .keyless = 1},
	    {.attempt = 1, .replays = 1},
	    {.attempt = 1, .republished = 1},
	};
	enum { ROUNDS = sizeof rounds / sizeof *rounds };
	for (int i = 0; i < ROUNDS; i++)
		for (int k = 0; k < i; k++)
			ck_assert_uint_ne(
			    redelivery_key(1, "a", &rounds[i], unsigned_, span_of("body")),
			    redelivery_key(1, "a", &rounds[k], unsigned_, span_of("body")));
}
END_TEST

/* For a job that came too early, no other counter changes. */
START_TEST(no_republish_looks_like_the_message_before)
{
	static const enum fate_kind kinds[] = {FATE_RING, FATE_DEAD};
	struct message *m = message_of("{\"type\":\"t\"}");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct fate fate = {
		    .kind = kinds[i], .delay_ms = 1000, .exact = true, .reason = "failures"};
		struct outbound out = {.message = NULL};
		struct bookkeeping before, after;
		headers_read(m, &before);
		const struct outbound_source source = {.original = m,
		                                       .book = &before,
		                                       .prefix = "warren.v1",
		                                       .queue = "mail",
		                                       .id = "id",
		                                       .type = "t",
		                                       .room = headers_room(SIZE_MAX)};
		ck_assert(republish_make(&out, &source, &fate, NULL));
		headers_read(out.message, &after);
		ck_assert_uint_ne(redelivery_key(0, "id", &before, unsigned_, span_of("body")),
		                  redelivery_key(0, "id", &after, unsigned_, span_of("body")));
		message_destroy(m);
		m = out.message;
		bookkeeping_finish(&before);
		bookkeeping_finish(&after);
	}
	message_destroy(m);
}
END_TEST

START_TEST(only_a_copy_from_a_newer_connection_is_the_same_job)
{
	struct redelivery *r = redelivery_create();
	int task;
	void *found = NULL;
	redelivery_add(r, 7, 1, &task);
	ck_assert_int_eq(redelivery_find(r, 8, 2, &found), REDELIVERY_NEW);
	ck_assert_int_eq(redelivery_find(r, 7, 1, &found),
	                 REDELIVERY_NEW); /* twice on one connection: two jobs */
	ck_assert_int_eq(redelivery_find(r, 7, 2, &found), REDELIVERY_IN_HAND);
	ck_assert_ptr_eq(found, &task);
	redelivery_moved(r, 7, &task, 2);
	ck_assert_int_eq(redelivery_find(r, 7, 2, &found), REDELIVERY_NEW);
	redelivery_done(r, 7, &task, true);
	ck_assert_int_eq(redelivery_find(r, 7, 2, &found), REDELIVERY_NEW);
	ck_assert_int_eq(redelivery_find(r, 7, 3, &found), REDELIVERY_FINISHED);
	ck_assert_int_eq(redelivery_find(r, 7, 3, &found), REDELIVERY_NEW); /* used up */
	redelivery_destroy(r);
	redelivery_destroy(NULL);
}
END_TEST

START_TEST(what_was_given_back_is_forgotten_and_memory_is_bounded)
{
	struct redelivery *r = redelivery_create();
	int task;
	void *found;
	redelivery_add(r, 7, 1, &task);
	redelivery_done(r, 7, &task, false);
	redelivery_done(r, 7, &task, true); /* not in hand any more */
	ck_assert_int_eq(redelivery_find(r, 7, 2, &found), REDELIVERY_NEW);
	for (uint64_t key = 1; key <= REDELIVERY_FINISHED_MIN + 1; key++) {
		redelivery_add(r, key, 1, &task);
		redelivery_done(r, key, &task, true);
	}
	ck_assert_int_eq(redelivery_find(r, 1, 2, &found), REDELIVERY_NEW);
	ck_assert_int_eq(redelivery_find(r, 2, 2, &found), REDELIVERY_FINISHED);
	ck_assert_int_eq(redelivery_find(r, REDELIVERY_FINISHED_MIN + 1, 2, &found),
	                 REDELIVERY_FINISHED);
	redelivery_destroy(r);
}
END_TEST

static void finish_many(struct redelivery *r, uint64_t from, uint64_t count)
{
	char task;
	for (uint64_t key = from; key < from + count; key++) {
		redelivery_add(r, key, 1, &task);
		redelivery_done(r, key, &task, true);
	}
}

START_TEST(what_is_done_in_a_pack_is_remembered_until_the_pack_is_settled)
{
	enum { JOBS = 5000, OTHERS = REDELIVERY_FINISHED_MIN };
	struct redelivery *r = redelivery_create();
	struct list held;
	char task;
	void *found;
	list_init(&held);
	for (uint64_t key = 1; key <= JOBS; key++) {
		redelivery_add(r, key, 1, &task);
		redelivery_hold(r, key, &task, &held);
	}
	finish_many(r, 100000, 3 * JOBS);
	ck_assert_int_eq(redelivery_find(r, 1, 2, &found), REDELIVERY_FINISHED);
	ck_assert_int_eq(redelivery_find(r, 2, 2, &found), REDELIVERY_FINISHED);
	ck_assert_int_eq(redelivery_find(r, 2, 2, &found), REDELIVERY_NEW); /* used up */
	redelivery_hold(r, 999999, &task, &held); /* does nothing for a copy that is not there */
	/* The connection is gone. The copies come now, and other jobs may be done before them. */
	redelivery_release(r, &held);
	ck_assert(list_empty(&held));
	finish_many(r, 200000, OTHERS);
	for (uint64_t key = 3; key <= JOBS; key++)
		ck_assert_int_eq(redelivery_find(r, key, 2, &found), REDELIVERY_FINISHED);
	redelivery_destroy(r);
}
END_TEST

START_TEST(two_jobs_alike_are_adopted_one_by_one)
{
	struct redelivery *r = redelivery_create();
	int first, second;
	void *a = NULL, *b = NULL;
	redelivery_add(r, 7, 1, &first);
	redelivery_add(r, 7, 1, &second);
	ck_assert_int_eq(redelivery_find(r, 7, 2, &a), REDELIVERY_IN_HAND);
	redelivery_moved(r, 7, a, 2);
	ck_assert_int_eq(redelivery_find(r, 7, 2, &b), REDELIVERY_IN_HAND);
	redelivery_moved(r, 7, b, 2);
	ck_assert_ptr_ne(a, b);
	ck_assert_int_eq(redelivery_find(r, 7, 2, &a), REDELIVERY_NEW);
	redelivery_destroy(r);
}
END_TEST

START_TEST(a_failure_that_repeats_is_told_ever_more_seldom_and_new_words_at_once)
{
	enum { EVERY_MS = 15000, HOURS = 24 };
	struct complaint c = {0};
	char again[COMPLAINT_TEXT_SIZE];
	ck_assert(!complaint_over(&c));
	ck_assert(complaint_due(&c, "refused", 0, again));
	ck_assert_str_eq(again, "");
	ck_assert(complaint_due(&c, "no such host", 1, again));
	ck_assert(!complaint_due(&c, "refused", 2, again));
	ck_assert(complaint_due(&c, "no such host", 60001, again));
	ck_assert_str_eq(again, " (2 times since it was told last)");
	unsigned told = 0;
	for (int64_t ms = 60001; ms < (int64_t)HOURS * 3600000; ms += EVERY_MS)
		told += complaint_due(&c, "refused", ms, again);
	ck_assert_uint_ge(told, HOURS);
	ck_assert_uint_le(told, HOURS + 6);
	ck_assert(complaint_over(&c));
	ck_assert(complaint_due(&c, "refused", 0, again));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
	    the_id_is_the_documents_then_the_messages_then_a_hash,
	    a_hashed_id_depends_on_queue_body_and_time,
	    a_job_that_nobody_named_stays_anonymous_when_it_carries_its_hash,
	    a_malformed_message_says_where_and_why,
	    a_raw_queue_takes_any_body,
	    a_raw_body_has_a_limit_and_a_time_too,
	    the_jobs_retry_fields_override_the_queues,
	    what_stops_a_job_is_looked_at_in_order,
	    a_job_goes_on_by_the_ring_or_at_once_or_to_the_dead,
	    headers_that_fit_no_frame_are_not_published_again,
	    a_job_is_known_by_queue_id_counters_and_body,
	    a_copy_with_another_signature_is_another_job,
	    a_job_that_went_round_without_a_new_attempt_is_another_one,
	    no_republish_looks_like_the_message_before,
	    only_a_copy_from_a_newer_connection_is_the_same_job,
	    what_was_given_back_is_forgotten_and_memory_is_bounded,
	    what_is_done_in_a_pack_is_remembered_until_the_pack_is_settled,
	    two_jobs_alike_are_adopted_one_by_one,
	    a_failure_that_repeats_is_told_ever_more_seldom_and_new_words_at_once,
	    NULL,
	};
	SRunner *runner = srunner_create(suite_of("intake", tests));
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
