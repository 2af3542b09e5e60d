/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rules/fate.h"

#include <stddef.h>

#include "common/base/clock.h"

static const struct retry_policy gentle = {
    .kind = BACKOFF_EXPONENTIAL, .base_ms = 1000, .max_ms = 60000, .jitter = 0.2};

static struct fate dead(const char *reason, const char *word)
{
	return (struct fate){.kind = FATE_DEAD, .reason = reason, .word = word};
}

static struct fate ring(int64_t delay_ms, const char *word)
{
	return (struct fate){.kind = FATE_RING, .delay_ms = delay_ms, .word = word};
}

struct counted {
	unsigned *count;
	unsigned max;
	const char *reason;
};

static struct counted budget_of(enum verdict v, const struct retry_policy *p, struct bookkeeping *b)
{
	if (v == VERDICT_TIMEOUT)
		return (struct counted){&b->timeouts, p->max_timeouts, "timeouts"};
	if (v == VERDICT_CRASH || v == VERDICT_OOM)
		return (struct counted){&b->crashes, p->max_crashes, "crashes"};
	return (struct counted){&b->failures, p->max_attempts, "failures"};
}

static struct fate counted_fate(enum verdict v, int64_t after_ms, const struct retry_policy *p,
                                double random, int64_t now_ms, struct bookkeeping *b)
{
	struct counted c = budget_of(v, p, b);
	++*c.count;
	if (b->first_failed_at_ms == CLOCK_NEVER)
		b->first_failed_at_ms = now_ms;
	if (*c.count >= c.max)
		return dead(c.reason, verdict_name(v));
	b->attempt++;
	return ring(after_ms >= 0 ? after_ms : retry_delay_ms(p, *c.count, random),
	            verdict_name(v));
}

struct fate fate_of_attempt(enum verdict v, int64_t after_ms, const struct retry_policy *policy,
                            double random, int64_t now_ms, struct bookkeeping *b)
{
	switch (v) {
	case VERDICT_OK:
		return (struct fate){.kind = FATE_DONE, .word = verdict_name(v)};
	case VERDICT_DEAD:
		return dead("rejected", verdict_name(v));
	case VERDICT_SNOOZE:
		b->snoozes++;
		return ring(after_ms >= 0 ? after_ms : policy->base_ms, verdict_name(v));
	case VERDICT_UNRUNNABLE:
	case VERDICT_RETURNED:
		b->returns++;
		return ring(retry_delay_ms(&gentle, b->returns, random), verdict_name(v));
	case VERDICT_RETRY:
	case VERDICT_CRASH:
	case VERDICT_TIMEOUT:
	case VERDICT_OOM:
		break;
	}
	return counted_fate(v, after_ms, policy, random, now_ms, b);
}

static struct fate limited(unsigned *count, unsigned max, double random, const char *reason,
                           const char *word)
{
	++*count;
	if (*count > max)
		return dead(reason, word);
	return ring(retry_delay_ms(&gentle, *count, random), word);
}

struct fate fate_of_refusal(enum refusal r, int64_t early_ms, double random, struct bookkeeping *b)
{
	switch (r) {
	case REFUSE_EXPIRED:
		return dead("expired", "its expires_at has passed");
	case REFUSE_EARLY:
		return (struct fate){.kind = FATE_RING,
		                     .delay_ms = early_ms,
		                     .exact = true,
		                     .word = "not_before lies ahead"};
	case REFUSE_UNHANDLED:
		return limited(&b->unhandled, UNHANDLED_MAX, random, "no_handler",
		               "no handler for its type");
	case REFUSE_INTERRUPTED:
		return limited(&b->interruptions, INTERRUPTIONS_MAX, random, "interrupted",
		               "workers were lost while they held it");
	case REFUSE_KEYLESS:
		return limited(&b->keyless, KEYLESS_MAX, random, "unknown_key",
		               "this worker has no key with the id that the job names");
	case REFUSE_PAUSED:
	case REFUSE_NOT:
		break;
	}
	b->returns++;
	return ring(retry_delay_ms(&gentle, b->returns, random), "its handler is paused");
}

struct fate fate_of_give_back(struct bookkeeping *b)
{
	b->returns++;
	return ring(0, "given back");
}
