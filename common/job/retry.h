/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how often and how late a failed job is tried again. Pure: randomness comes in as an
 * argument.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum backoff_kind { BACKOFF_EXPONENTIAL, BACKOFF_LINEAR, BACKOFF_FIXED };

/* A complete policy. A queue sets it, and a job may override single fields (retry_override). */
struct retry_policy {
	unsigned max_attempts; /* counted failures until dead, >= 1 */
	unsigned max_crashes;  /* >= 1 */
	unsigned max_timeouts; /* >= 1 */
	enum backoff_kind kind;
	int64_t base_ms; /* > 0 */
	int64_t max_ms;  /* >= base_ms is not required: the smaller wins */
	double jitter;   /* 0..1: share of the delay that is random */
};

/* The retry fields of a job document. A field counts only if its has_ is true. */
struct retry_override {
	bool has_max_attempts, has_kind, has_base_ms, has_max_ms, has_jitter;
	unsigned max_attempts;
	enum backoff_kind kind;
	int64_t base_ms;
	int64_t max_ms;
	double jitter;
};

/* The default: 5 failures, 3 crashes, 3 timeouts, exponential from 1 s to 1 h, jitter 0.2. */
extern const struct retry_policy retry_default;

/* Returns the policy base with the fields of over that are present in their place. */
struct retry_policy retry_apply(const struct retry_policy *base, const struct retry_override *over);

/*
 * Returns the delay before try number n + 1, where n >= 1 is the number of counted tries of that
 * sort so far. It is base * 2^(n-1) when exponential, base * n when linear, and base when fixed,
 * but at most max_ms. Then up to the share jitter of it is taken away by random, which lies in [0,
 * 1). The result is never negative and never overflows.
 */
int64_t retry_delay_ms(const struct retry_policy *policy, unsigned n, double random);

/*
 * Reads "exp:1s..1h", "linear:5s..10m" or "fixed:30s" into the backoff fields of over, and leaves
 * the others alone. The upper end may be missing, and "~0.3" may follow for the jitter. Returns
 * false if text does not have that form.
 */
bool retry_parse_backoff(const char *text, struct retry_override *over);

/* Returns "exponential", "linear" or "fixed". */
const char *backoff_name(enum backoff_kind kind);
/* Reads the name of a kind. Returns false if there is none of that name. */
bool backoff_from_name(const char *name, enum backoff_kind *kind);
