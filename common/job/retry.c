/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/retry.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

const struct retry_policy retry_default = {
    .max_attempts = 5,
    .max_crashes = 3,
    .max_timeouts = 3,
    .kind = BACKOFF_EXPONENTIAL,
    .base_ms = 1000,
    .max_ms = 3600000,
    .jitter = 0.2,
};

struct retry_policy retry_apply(const struct retry_policy *base, const struct retry_override *over)
{
	struct retry_policy p = *base;
	if (over->has_max_attempts)
		p.max_attempts = over->max_attempts;
	if (over->has_kind)
		p.kind = over->kind;
	if (over->has_base_ms)
		p.base_ms = over->base_ms;
	if (over->has_max_ms)
		p.max_ms = over->max_ms;
	if (over->has_jitter)
		p.jitter = over->jitter;
	return p;
}

static int64_t raw_delay_ms(const struct retry_policy *p, unsigned n)
{
	int64_t ms = p->base_ms;
	switch (p->kind) {
	case BACKOFF_FIXED:
		return ms;
	case BACKOFF_LINEAR:
		return __builtin_mul_overflow(ms, (int64_t)n, &ms) ? INT64_MAX : ms;
	case BACKOFF_EXPONENTIAL:
		for (unsigned i = 1; i < n && i < 64 && ms < p->max_ms; i++)
			if (__builtin_mul_overflow(ms, 2, &ms))
				return INT64_MAX;
		return ms;
	}
	return ms;
}

int64_t retry_delay_ms(const struct retry_policy *p, unsigned n, double random)
{
	int64_t ms = raw_delay_ms(p, n > 0 ? n : 1);
	if (ms > p->max_ms)
		ms = p->max_ms;
	ms -= (int64_t)((double)ms * p->jitter * random);
	return ms > 0 ? ms : 0;
}

static const char *const kind_names[] = {"exponential", "linear", "fixed"};

const char *backoff_name(enum backoff_kind kind)
{
	return kind_names[kind];
}

bool backoff_from_name(const char *name, enum backoff_kind *kind)
{
	for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
		if (strcmp(name, kind_names[i]) == 0) {
			*kind = (enum backoff_kind)i;
			return true;
		}
	}
	return false;
}

static bool take_jitter(char *text, struct retry_override *o)
{
	char *tilde = strchr(text, '~');
	if (!tilde)
		return true;
	*tilde = 0;
	char *end;
	o->jitter = strtod(tilde + 1, &end);
	o->has_jitter = true;
	return tilde[1] >= '0' && tilde[1] <= '9' && *end == 0 && o->jitter >= 0 && o->jitter <= 1;
}

static bool take_upper(char *text, struct retry_override *o)
{
	char *dots = strstr(text, "..");
	if (!dots)
		return true;
	*dots = 0;
	o->has_max_ms = true;
	return clock_parse_duration(dots + 2, &o->max_ms) && o->max_ms > 0;
}

bool retry_parse_backoff(const char *text, struct retry_override *over)
{
	char copy[128];
	struct retry_override o = *over;
	if (strlen(text) >= sizeof copy)
		return false;
	strcpy(copy, text);
	char *colon = strchr(copy, ':');
	if (!colon)
		return false;
	*colon = 0;
	if (!backoff_from_name(strcmp(copy, "exp") == 0 ? "exponential" : copy, &o.kind) ||
	    !take_jitter(colon + 1, &o) || !take_upper(colon + 1, &o))
		return false;
	if (!clock_parse_duration(colon + 1, &o.base_ms) || o.base_ms <= 0)
		return false;
	o.has_kind = o.has_base_ms = true;
	*over = o;
	return true;
}
