/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rules/hold.h"

enum {
	ATTEMPT_MARGIN_MS = 300000,  /* for the wait before it, and the republish after it */
	DELIVERY_MARGIN_MS = 120000, /* the broker looks once a minute */
};

static int64_t less(int64_t consumer_timeout_ms, int64_t margin_ms)
{
	int64_t limit_ms = consumer_timeout_ms - margin_ms, half_ms = consumer_timeout_ms / 2;
	return limit_ms > half_ms ? limit_ms : half_ms;
}

int64_t hold_attempt_ms(int64_t consumer_timeout_ms)
{
	return less(consumer_timeout_ms, ATTEMPT_MARGIN_MS);
}

int64_t hold_delivery_ms(int64_t consumer_timeout_ms)
{
	return less(consumer_timeout_ms, DELIVERY_MARGIN_MS);
}
