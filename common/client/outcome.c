/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/outcome.h"

const char *outcome_name(enum outcome o)
{
	static const char *const names[OUTCOMES] = {"confirmed", "returned", "nacked",
	                                            "timed_out", "rejected", "abandoned"};
	return o < OUTCOMES ? names[o] : "unknown";
}

int outcome_error(enum outcome o, const char *words, struct error *err)
{
	const char *reason = words ? words : "no reason given";
	switch (o) {
	case OUTCOME_RETURNED:
		return error_set(err, ERROR_FAILED, "the broker returned it: %s", reason);
	case OUTCOME_NACKED:
		if (words)
			return error_set(err, ERROR_TRYAGAIN, "the broker refused it: %s", words);
		return error_set(err, ERROR_TRYAGAIN,
		                 "the broker refused it (nack): the queue is full or has lost its "
		                 "leader; nothing was stored, try again");
	case OUTCOME_TIMED_OUT:
		return error_set(err, ERROR_TRYAGAIN,
		                 "no confirm in time: it may or may not be stored; sending it "
		                 "again with the same --id is safe for handlers that are "
		                 "idempotent");
	case OUTCOME_REJECTED:
		return error_set(err, ERROR_FAILED, "the broker takes no such message: %s", reason);
	case OUTCOME_ABANDONED:
		return error_set(err, ERROR_TRYAGAIN,
		                 "stopped before the broker answered: it may or may not be stored");
	case OUTCOME_CONFIRMED:
	case OUTCOMES:
		break;
	}
	return error_set(err, ERROR_BUG, "unexpected outcome %s", outcome_name(o));
}
