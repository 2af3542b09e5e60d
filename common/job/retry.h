/* SPDX-License-Identifier: Apache-2.0 */
/* How often and how late a failed job is tried again. Pure: randomness comes in as an argument. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum backoff_kind { BACKOFF_EXPONENTIAL, BACKOFF_LINEAR, BACKOFF_FIXED };

/* A complete policy: a queue's setting, overridden field by field by the job (retry_override). */
struct retry_policy {
	unsigned max_attempts; /* counted failures until dead, >= 1 */
	unsigned max_crashes;  /* >= 1 */
	unsigned max_timeouts; /* >= 1 */
	enum backoff_kind kind;
	int64_t base_ms; /* > 0 */
	int64_t max_ms;  /* >= base_ms is not required: the smaller wins */
	double jitter;   /* 0..1: share of the delay that is random */
};

/* What a job document may say; a field is absent when its has_ is false. */
struct retry_override {
	bool has_max_attempts, has_kind, has_base_ms, has_max_ms, has_jitter;
	unsigned max_attempts;
	enum backoff_kind kind;
	int64_t base_ms;
	int64_t max_ms;
	double jitter;
};

/* 5 failures, 3 crashes, 3 timeouts, exponential from 1 s to 1 h, jitter 0.2. */
extern const struct retry_policy retry_default;

struct retry_policy retry_apply(const struct retry_policy *base, const struct retry_override *over);

/*
 * The delay before try number n+1, n >= 1 being how many counted tries of that sort lie behind.
 * exponential: base * 2^(n-1); linear: base * n; fixed: base; capped at max_ms; then up to jitter
 * of it is taken away by random (in [0, 1)). Never negative, never overflows.
 */
int64_t retry_delay_ms(const struct retry_policy *policy, unsigned n, double random);

/*
 * "exp:1s..1h", "linear:5s..10m", "fixed:30s", an optional "~0.3" behind for the jitter, the upper
 * end optional. Sets only the backoff fields of over. False: not of that form.
 */
bool retry_parse_backoff(const char *text, struct retry_override *over);

const char *backoff_name(enum backoff_kind kind); /* "exponential", "linear", "fixed" */
bool backoff_from_name(const char *name, enum backoff_kind *kind);
