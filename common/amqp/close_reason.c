/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/close_reason.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <stdlib.h>
#include <string.h>

static bool says(const char *text, const char *words)
{
	return strstr(text, words) != NULL;
}

/*
 * A login that is over a limit of the vhost, the user or the node has the code of a forbidden vhost
 * (530) and these words since 3.10: "connection limit (5) is reached", "user connection limit (5)
 * is reached", and for channels "has reached the maximum allowed user limit of (5)". A queue limit
 * comes with 406 and "queue limit in vhost 'v' (5) is reached".
 */
static bool is_limit(const char *text)
{
	return (says(text, " limit ") && says(text, " is reached")) ||
	       says(text, "maximum allowed user limit");
}

static enum error_cause cause_of(int code, const char *text)
{
	if (is_limit(text))
		return CAUSE_LIMIT;
	switch (code) {
	case AMQP_NOT_FOUND:
		return says(text, "no exchange ") ? CAUSE_NO_EXCHANGE : CAUSE_NO_QUEUE;
	case AMQP_NOT_ALLOWED:
		return CAUSE_NOT_ALLOWED;
	case AMQP_ACCESS_REFUSED:
		if (says(text, "Login was refused"))
			return CAUSE_WRONG_LOGIN;
		return says(text, "configure access to ") ? CAUSE_MAY_NOT_LOOK : CAUSE_NOT_ALLOWED;
	case AMQP_PRECONDITION_FAILED:
		if (says(text, "delivery acknowledgement"))
			return CAUSE_HELD_TOO_LONG;
		return says(text, "message size ") ? CAUSE_TOO_LARGE : CAUSE_MISMATCH;
	default:
		return CAUSE_OTHER;
	}
}

/* A limit is no wrong setting, because it passes when somebody else leaves. */
static enum error_kind kind_of(int code, enum error_cause cause)
{
	if (cause == CAUSE_LIMIT)
		return ERROR_UNAVAILABLE;
	switch (code) {
	case AMQP_ACCESS_REFUSED:
	case AMQP_NOT_ALLOWED:
		return ERROR_AUTH;
	case AMQP_CONNECTION_FORCED:
	case AMQP_INTERNAL_ERROR:
	case AMQP_RESOURCE_ERROR:
		return ERROR_UNAVAILABLE;
	default:
		return ERROR_CONFIG;
	}
}

static struct span exchange_in(const char *text)
{
	static const char before[] = "exchange '";
	const char *name = strstr(text, before);
	const char *end = name ? strchr(name + sizeof before - 1, '\'') : NULL;
	if (!end)
		return (struct span){0};
	name += sizeof before - 1;
	return (struct span){name, (size_t)(end - name)};
}

/* The broker does not announce its limit, but its words have the size of the message. */
static uint64_t size_in(const char *text)
{
	static const char before[] = "message size ";
	const char *words = strstr(text, before);
	return words ? strtoull(words + sizeof before - 1, NULL, 10) : 0;
}

struct close_reason close_reason_read(int code, const char *text)
{
	enum error_cause cause = cause_of(code, text);
	return (struct close_reason){.kind = kind_of(code, cause),
	                             .cause = cause,
	                             .exchange = exchange_in(text),
	                             .size = cause == CAUSE_TOO_LARGE ? size_in(text) : 0};
}

int close_reason_error(int code, const char *text, const char *what, struct error *err)
{
	struct close_reason r = close_reason_read(code, text);
	error_set(err, r.kind, "%s: %s%s", what, text,
	          r.cause == CAUSE_LIMIT
	              ? "; it passes when others leave, or raise it (rabbitmqctl "
	                "set_vhost_limits, set_user_limits)"
	              : "");
	return error_because(err, r.cause);
}
