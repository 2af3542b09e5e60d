/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/base/clock.h"
#include "tests/unit/suites.h"
#include "worker/rules/fate.h"
#include "worker/rules/hold.h"

static const struct retry_policy policy = {
    .max_attempts = 5,
    .max_crashes = 3,
    .max_timeouts = 2,
    .kind = BACKOFF_EXPONENTIAL,
    .base_ms = 1000,
    .max_ms = 60000,
};

enum { NOW = 1000000 };

struct row {
	enum verdict verdict;
	int64_t after_ms;
	struct bookkeeping before;
	enum fate_kind kind;
	int64_t delay_ms;
	const char *reason;
	struct bookkeeping after;
};

/* The bookkeeping of a job that never failed, at its nth try, and of one that first failed now. */
#define BOOK(n, ...)                                                                               \
	{                                                                                          \
		.attempt = (n), .first_failed_at_ms = CLOCK_NEVER, __VA_ARGS__                     \
	}
#define FAILED(...)                                                                                \
	{                                                                                          \
		.first_failed_at_ms = NOW, __VA_ARGS__                                             \
	}

static const struct row rows[] = {
    {VERDICT_OK, -1, BOOK(1, .failures = 2), FATE_DONE, 0, NULL, BOOK(1, .failures = 2)},
    {VERDICT_DEAD, 5, BOOK(1), FATE_DEAD, 0, "rejected", BOOK(1)},

    {VERDICT_RETRY, -1, BOOK(1), FATE_RING, 1000, NULL, FAILED(.attempt = 2, .failures = 1)},
    {VERDICT_RETRY, -1, FAILED(.attempt = 4, .failures = 3), FATE_RING, 8000, NULL,
     FAILED(.attempt = 5, .failures = 4)},
    {VERDICT_RETRY, -1, FAILED(.attempt = 5, .failures = 4), FATE_DEAD, 0, "failures",
     FAILED(.attempt = 5, .failures = 5)},
    {VERDICT_RETRY, 77, BOOK(1), FATE_RING, 77, NULL, FAILED(.attempt = 2, .failures = 1)},
    {VERDICT_RETRY, 0, BOOK(1), FATE_RING, 0, NULL, FAILED(.attempt = 2, .failures = 1)},
    {VERDICT_RETRY, 77, BOOK(1, .failures = 4), FATE_DEAD, 0, "failures",
     FAILED(.attempt = 1, .failures = 5)},
    {VERDICT_RETRY, -1, BOOK(9, .failures = 9), FATE_DEAD, 0, "failures",
     FAILED(.attempt = 9, .failures = 10)},

    {VERDICT_CRASH, -1, BOOK(1, .failures = 4), FATE_RING, 1000, NULL,
     FAILED(.attempt = 2, .failures = 4, .crashes = 1)},
    {VERDICT_OOM, -1, BOOK(1, .crashes = 1), FATE_RING, 2000, NULL,
     FAILED(.attempt = 2, .crashes = 2)},
    {VERDICT_CRASH, -1, BOOK(1, .crashes = 2), FATE_DEAD, 0, "crashes",
     FAILED(.attempt = 1, .crashes = 3)},
    {VERDICT_OOM, -1, BOOK(1, .crashes = 2), FATE_DEAD, 0, "crashes",
     FAILED(.attempt = 1, .crashes = 3)},

    {VERDICT_TIMEOUT, -1, BOOK(1), FATE_RING, 1000, NULL, FAILED(.attempt = 2, .timeouts = 1)},
    {VERDICT_TIMEOUT, -1, BOOK(1, .timeouts = 1), FATE_DEAD, 0, "timeouts",
     FAILED(.attempt = 1, .timeouts = 2)},

    {VERDICT_SNOOZE, 30000, BOOK(1), FATE_RING, 30000, NULL, BOOK(1, .snoozes = 1)},
    {VERDICT_SNOOZE, -1, BOOK(1, .snoozes = 4000000), FATE_RING, 1000, NULL,
     BOOK(1, .snoozes = 4000001)},

    {VERDICT_UNRUNNABLE, -1, BOOK(1), FATE_RING, 1000, NULL, BOOK(1, .returns = 1)},
    {VERDICT_RETURNED, -1, BOOK(3, .returns = 2), FATE_RING, 4000, NULL, BOOK(3, .returns = 3)},
    {VERDICT_RETURNED, -1, BOOK(1, .returns = 100), FATE_RING, 60000, NULL,
     BOOK(1, .returns = 101)},
};

static void expect_book(const struct bookkeeping *got, const struct bookkeeping *want, size_t row)
{
	ck_assert_msg(got->attempt == want->attempt, "row %zu: attempt %u", row, got->attempt);
	ck_assert_msg(got->failures == want->failures, "row %zu: failures %u", row, got->failures);
	ck_assert_msg(got->crashes == want->crashes, "row %zu: crashes %u", row, got->crashes);
	ck_assert_msg(got->timeouts == want->timeouts, "row %zu: timeouts %u", row, got->timeouts);
	ck_assert_msg(got->snoozes == want->snoozes, "row %zu: snoozes %u", row, got->snoozes);
	ck_assert_msg(got->returns == want->returns, "row %zu: returns %u", row, got->returns);
	ck_assert_msg(got->unhandled == want->unhandled, "row %zu: unhandled %u", row,
	              got->unhandled);
	ck_assert_msg(got->interruptions == want->interruptions, "row %zu", row);
	ck_assert_msg(got->first_failed_at_ms == want->first_failed_at_ms, "row %zu: first failed",
	              row);
}

static void expect_reason(const struct fate *f, const char *reason, size_t row)
{
	ck_assert_msg(f->word != NULL, "row %zu has no word for the log", row);
	ck_assert_msg(!f->reason == !reason && (!reason || strcmp(f->reason, reason) == 0),
	              "row %zu: %s", row, f->reason);
}

START_TEST(verdicts_have_their_fates)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bookkeeping b = rows[i].before;
		struct fate f =
		    fate_of_attempt(rows[i].verdict, rows[i].after_ms, &policy, 0, NOW, &b);
		ck_assert_msg(f.kind == rows[i].kind, "row %zu: kind %d", i, f.kind);
		ck_assert_msg(f.delay_ms == rows[i].delay_ms, "row %zu: %lld ms", i,
		              (long long)f.delay_ms);
		ck_assert(!f.exact);
		expect_reason(&f, rows[i].reason, i);
		expect_book(&b, &rows[i].after, i);
	}
}
END_TEST

START_TEST(the_first_failure_is_remembered)
{
	struct bookkeeping b = {.attempt = 2, .failures = 1, .first_failed_at_ms = 5};
	fate_of_attempt(VERDICT_TIMEOUT, -1, &policy, 0, NOW, &b);
	ck_assert_int_eq(b.first_failed_at_ms, 5);
}
END_TEST

START_TEST(refusals_have_their_fates)
{
	static const struct {
		enum refusal refusal;
		int64_t early_ms;
		struct bookkeeping before;
		enum fate_kind kind;
		int64_t delay_ms;
		bool exact;
		const char *reason;
		struct bookkeeping after;
	} table[] = {
	    {REFUSE_EXPIRED, 0, BOOK(1), FATE_DEAD, 0, false, "expired", BOOK(1)},
	    {REFUSE_EARLY, 12345, BOOK(1), FATE_RING, 12345, true, NULL, BOOK(1)},
	    {REFUSE_UNHANDLED, 0, BOOK(1), FATE_RING, 1000, false, NULL, BOOK(1, .unhandled = 1)},
	    {REFUSE_UNHANDLED, 0, BOOK(1, .unhandled = 9), FATE_RING, 60000, false, NULL,
	     BOOK(1, .unhandled = 10)},
	    {REFUSE_UNHANDLED, 0, BOOK(1, .unhandled = 10), FATE_DEAD, 0, false, "no_handler",
	     BOOK(1, .unhandled = 11)},
	    {REFUSE_INTERRUPTED, 0, BOOK(1), FATE_RING, 1000, false, NULL,
	     BOOK(1, .interruptions = 1)},
	    {REFUSE_INTERRUPTED, 0, BOOK(1, .interruptions = 10), FATE_DEAD, 0, false,
	     "interrupted", BOOK(1, .interruptions = 11)},
	    {REFUSE_PAUSED, 0, BOOK(1, .returns = 1), FATE_RING, 2000, false, NULL,
	     BOOK(1, .returns = 2)},
	    {REFUSE_PAUSED, 0, BOOK(1, .returns = 1000), FATE_RING, 60000, false, NULL,
	     BOOK(1, .returns = 1001)},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct bookkeeping b = table[i].before;
		struct fate f = fate_of_refusal(table[i].refusal, table[i].early_ms, 0, &b);
		ck_assert_msg(f.kind == table[i].kind, "row %zu: kind %d", i, f.kind);
		ck_assert_msg(f.delay_ms == table[i].delay_ms, "row %zu: %lld ms", i,
		              (long long)f.delay_ms);
		ck_assert_msg(f.exact == table[i].exact, "row %zu: exact", i);
		expect_reason(&f, table[i].reason, i);
		expect_book(&b, &table[i].after, i);
	}
}
END_TEST

START_TEST(what_is_given_back_is_ready_at_once_and_another_message)
{
	struct bookkeeping b = BOOK(2, .returns = 4);
	const struct bookkeeping after = BOOK(2, .returns = 5);
	struct fate f = fate_of_give_back(&b);
	ck_assert(f.kind == FATE_RING && f.delay_ms == 0);
	expect_book(&b, &after, 0);
}
END_TEST

static const struct {
	int64_t consumer_timeout_ms, attempt_ms, delivery_ms;
} holds[] = {
    {1800000, 1500000, 1680000}, {600000, 300000, 480000}, {360000, 180000, 240000},
    {240000, 120000, 120000},    {1000, 500, 500},
};

START_TEST(a_delivery_is_held_for_less_than_the_consumer_timeout)
{
	for (size_t i = 0; i < sizeof holds / sizeof *holds; i++) {
		int64_t timeout_ms = holds[i].consumer_timeout_ms;
		ck_assert_int_eq(hold_attempt_ms(timeout_ms), holds[i].attempt_ms);
		ck_assert_int_eq(hold_delivery_ms(timeout_ms), holds[i].delivery_ms);
	}
}
END_TEST

Suite *fate_suite(void)
{
	const TTest *const tests[] = {
	    verdicts_have_their_fates,
	    the_first_failure_is_remembered,
	    refusals_have_their_fates,
	    what_is_given_back_is_ready_at_once_and_another_message,
	    a_delivery_is_held_for_less_than_the_consumer_timeout,
	    NULL,
	};
	return suite_of("fate", tests);
}
