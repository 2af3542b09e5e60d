/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads points in time, durations and backoffs. What was read is written so that it reads the same.
 */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/job/retry.h"
#include "tests/fuzz/fuzz.h"

static void check_time(struct span text)
{
	char written[CLOCK_TEXT_SIZE];
	int64_t at_ms = 4711, again;
	if (!clock_parse(text, &at_ms)) {
		fuzz_check(at_ms == 4711);
		return;
	}
	fuzz_check(at_ms != CLOCK_NEVER);
	clock_format(at_ms, written);
	fuzz_check(clock_parse(span_of(written), &again) && again == at_ms);
}

static void check_any_time(int64_t at_ms)
{
	char written[CLOCK_TEXT_SIZE];
	int64_t again;
	fuzz_check(clock_parse(span_of(clock_format(at_ms, written)), &again));
	fuzz_check(again == at_ms || at_ms < -62167219200000 || at_ms > 253402300799999);
}

static void check_duration(const char *text)
{
	char written[CLOCK_TEXT_SIZE];
	int64_t ms = -4711, again;
	if (!clock_parse_duration(text, &ms)) {
		fuzz_check(ms == -4711);
		return;
	}
	fuzz_check(ms >= 0);
	fuzz_check(clock_parse_duration(clock_format_duration(ms, written), &again) && again == ms);
}

static void check_backoff(const char *text, double random)
{
	struct retry_override over = {0};
	if (!retry_parse_backoff(text, &over))
		return;
	struct retry_policy p = retry_apply(&retry_default, &over);
	fuzz_check(p.base_ms > 0 && p.max_ms > 0 && p.jitter >= 0 && p.jitter <= 1);
	static const unsigned tries[] = {1, 2, 3, 64, 1000000, UINT32_MAX};
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
		int64_t delay = retry_delay_ms(&p, tries[i], random);
		fuzz_check(delay >= 0 && delay <= p.max_ms);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct fuzz_input in = {data, size};
	char *terminated = fuzz_text(text);
	check_time(text);
	check_duration(terminated);
	uint64_t bits = fuzz_u64(&in);
	check_any_time((int64_t)bits);
	check_any_time((int64_t)(bits % 253402300800000));
	check_backoff(terminated, (double)(bits >> 11) / (double)(UINT64_C(1) << 53));
	free(terminated);
	return 0;
}
