/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells what went wrong: in words a user can act on, with an exit code and a cause.
 *
 * A function that can fail takes a struct error last, returns 0 or -1, and leaves the error
 * untouched on success. The failure is described once, where it is known, and gets context in front
 * on the way up. The struct lives on the caller's stack and has a fixed size, so that reporting a
 * failure cannot fail.
 */
#pragma once

#include <stdbool.h>

/* The values are the exit codes of both programs (sysexits.h where one fits). */
enum error_kind {
	ERROR_NONE = 0,
	ERROR_FAILED = 1,       /* a job ended dead, or some jobs were not accepted */
	ERROR_USAGE = 64,       /* wrong command line */
	ERROR_DATA = 65,        /* bad input data */
	ERROR_NOINPUT = 66,     /* an input file cannot be read */
	ERROR_UNAVAILABLE = 69, /* no broker could be reached */
	ERROR_BUG = 70,         /* a broken invariant, or memory exhausted */
	ERROR_IO = 74,          /* a read or write failed */
	ERROR_TRYAGAIN = 75,    /* blocked, nacked, no confirm in time: nothing is lost */
	ERROR_AUTH = 77,        /* the broker refused the credentials or the permission */
	ERROR_CONFIG = 78,      /* configuration or topology does not fit */
};

/*
 * Why something failed, for callers that react to it. The kind says how a program ends and the
 * cause says what happened. The text is for people alone, and no code looks into it.
 */
enum error_cause {
	CAUSE_OTHER = 0,
	CAUSE_NO_QUEUE,      /* the broker has no such queue */
	CAUSE_NO_EXCHANGE,   /* the broker has no such exchange */
	CAUSE_MAY_NOT_LOOK,  /* this user may not ask whether a queue or exchange exists */
	CAUSE_NOT_ALLOWED,   /* this user lacks a permission */
	CAUSE_WRONG_LOGIN,   /* the broker refused user and password, or the certificate */
	CAUSE_LIMIT,         /* a limit of connections, channels or queues is reached */
	CAUSE_MISMATCH,      /* what is declared exists with other properties */
	CAUSE_HELD_TOO_LONG, /* a delivery was held longer than consumer_timeout */
	CAUSE_TOO_LARGE,     /* a message is larger than the broker accepts */
};

struct error {
	enum error_kind kind;
	enum error_cause cause;
	char text[1024]; /* one line, no trailing newline; never holds a secret */
};

/*
 * Fills err (may be NULL) with the formatted text, cut to fit, and CAUSE_OTHER. An argument may be
 * err's own text. Returns -1, so that failing is one statement: return error_set(err, ERROR_IO,
 * "...");
 */
int error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets the cause of err (may be NULL), which is filled already. Returns -1. */
int error_because(struct error *err, enum error_cause cause);

/*
 * Like error_set, with ": " and the words for errnum (an errno value) behind the text. Returns -1.
 */
int error_set_errno(struct error *err, enum error_kind kind, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Puts the formatted context and ": " in front of the text of err (may be NULL). Keeps kind and
 * cause. Returns -1.
 */
int error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
