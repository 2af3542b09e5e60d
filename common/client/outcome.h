/* SPDX-License-Identifier: Apache-2.0 */
/* Names the outcomes of a publish and describes them to users. Pure. */
#pragma once

#include "common/base/error.h"

enum outcome {
	OUTCOME_CONFIRMED, /* the broker has stored it */
	OUTCOME_RETURNED,  /* no queue takes it */
	OUTCOME_NACKED,    /* the broker refused it; nothing was stored */
	OUTCOME_TIMED_OUT, /* the broker has not answered in time; it may be stored */
	OUTCOME_REJECTED,  /* it can never be published, for example for its size */
	OUTCOME_ABANDONED, /* nobody waited for the broker's answer; it may be stored */
	OUTCOMES
};

/* Returns the name that receipts use: "confirmed", "returned", "nacked", "timed_out", "rejected" or
 * "abandoned". */
const char *outcome_name(enum outcome o);
/*
 * Describes an outcome other than OUTCOME_CONFIRMED in err, with the exit code it deserves, and
 * returns -1. words are the broker's, or NULL if it gave none.
 */
int outcome_error(enum outcome o, const char *words, struct error *err);
