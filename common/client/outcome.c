/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/outcome.h"

#include <string.h>

bool outcome_of_event(const struct link_event *e, enum outcome *outcome)
{
	switch (e->kind) {
	case LINK_CONFIRMED:
		*outcome = OUTCOME_CONFIRMED;
		return true;
	case LINK_RETURNED:
		*outcome = OUTCOME_RETURNED;
		return true;
	case LINK_NACKED:
		*outcome = OUTCOME_NACKED;
		return true;
	case LINK_TIMEDOUT:
		*outcome = OUTCOME_TIMED_OUT;
		return true;
	case LINK_UNFIT:
		*outcome = OUTCOME_REJECTED;
		return true;
	default:
		return false;
	}
}

const char *outcome_name(enum outcome o)
{
	static const char *const names[OUTCOMES] = {"confirmed", "returned", "nacked", "timed_out",
	                                            "rejected"};
	return o < OUTCOMES ? names[o] : "unknown";
}

int outcome_error(enum outcome o, const struct link_event *e, struct error *err)
{
	const char *words = e && e->error ? e->error->text : "no reason given";
	switch (o) {
	case OUTCOME_RETURNED:
		return error_set(err, ERROR_FAILED, "the broker returned it: %s", words);
	case OUTCOME_NACKED:
		return error_set(err, ERROR_TRYAGAIN,
		                 "the broker refused it (nack): the queue is full or has lost its "
		                 "leader; nothing was "
		                 "stored, try again");
	case OUTCOME_TIMED_OUT:
		return error_set(err, ERROR_TRYAGAIN,
		                 "no confirm in time: it may or may not be stored; sending it "
		                 "again with the same --id "
		                 "is safe for handlers that "
		                 "are idempotent");
	case OUTCOME_REJECTED:
		return error_set(err, ERROR_FAILED, "the broker takes no such message: %s", words);
	case OUTCOME_CONFIRMED:
	case OUTCOMES:
		break;
	}
	return error_set(err, ERROR_BUG, "unexpected outcome %s", outcome_name(o));
}

void outcome_explain_failure(const struct link_event *e, const char *queue, struct error *err)
{
	error_set(err, e->error ? e->error->kind : ERROR_UNAVAILABLE, "%s",
	          e->error ? e->error->text : "the connection failed");
	if (e->error && e->error->cause == CAUSE_MISSING)
		error_set(err, ERROR_CONFIG,
		          "queue '%s' does not exist on this broker; create it with: "
		          "warren-producer setup %s",
		          queue, queue);
}
