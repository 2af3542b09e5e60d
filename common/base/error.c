/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct error *err, enum error_kind kind, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Formats into a copy first, because an argument may be err's own text. */
static void fill(struct error *err, enum error_kind kind, const char *fmt, va_list args)
{
	char text[sizeof err->text];
	vsnprintf(text, sizeof text, fmt, args);
	memcpy(err->text, text, sizeof text);
	err->kind = kind;
	err->cause = CAUSE_OTHER;
}

int error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, fmt);
	fill(err, kind, fmt, args);
	va_end(args);
	return -1;
}

int error_because(struct error *err, enum error_cause cause)
{
	if (err)
		err->cause = cause;
	return -1;
}

int error_set_errno(struct error *err, enum error_kind kind, int errnum, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, fmt);
	fill(err, kind, fmt, args);
	va_end(args);
	size_t used = strlen(err->text);
	const char *words = strerrordesc_np(errnum);
	snprintf(err->text + used, sizeof err->text - used, ": %s",
	         words ? words : "unknown error");
	return -1;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	char cause[sizeof err->text];
	memcpy(cause, err->text, sizeof cause);
	va_list args;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, args);
	va_end(args);
	size_t used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s", cause);
	return -1;
}
