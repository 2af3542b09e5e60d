/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads why the broker closed a channel or a connection. AMQP gives a reply code, and RabbitMQ says
 * the rest in words; this is the only place that looks into them. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/error.h"

struct close_reason {
	enum error_kind kind;
	enum error_cause cause;
	/*
	 * The exchange that it is about, borrowed from the text. at is NULL if it is about
	 * something else.
	 */
	struct span exchange;
	uint64_t size; /* bytes of the message, for CAUSE_TOO_LARGE */
};

/*
 * Reads a reply code and its text, as sent with channel.close or connection.close. The result
 * borrows from text.
 */
struct close_reason close_reason_read(int code, const char *text);

/*
 * Fills err with "WHAT: TEXT", the kind and the cause, and for a limit with the way
 * out. Returns -1.
 */
int close_reason_error(int code, const char *text, const char *what, struct error *err);
