/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event, one line, on stderr or in a file. Control bytes of whatever is
 * logged are escaped, so that a job cannot forge a line or drive a terminal.
 *
 * Text form:  2026-11-24T09:08:00.123Z info  [mail 0193...] ended ok in 12 ms
 * JSON form:  {"time":"...","level":"info","queue":"mail","job":"0193...","text":"..."}
 *
 * May be called from any thread: a line is one write(2). The level, the form and
 * the destination are the only mutable globals of the house.
 */
#pragma once

#include "common/base/buf.h"
#include "common/base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_NOTHING };
enum log_form { LOG_TEXT, LOG_JSON };

/* The subject of a line: which job of which queue. Both borrowed, NULL when there is none. */
struct log_subject {
	const char *queue;
	const char *job;
};

/* A subject for lines about the process itself. */
#define LOG_SELF ((struct log_subject){0})

/* Sets level and form. Call before other threads start or accept a torn change. */
void log_configure(enum log_level level, enum log_form form);

/*
 * Sends further lines to path (appended, created 0640), or to stderr when path is NULL.
 * Keeps the old destination when the file cannot be opened. path is copied.
 */
int log_open(const char *path, struct error *err);

/*
 * From now on this thread's lines below LOG_WARN are written together by log_flush (and at exit): a
 * system call for each costs more than a short job. Call log_flush before the thread waits.
 */
void log_hold(void);
void log_flush(void);

/* Opens the file of log_open anew (after rotation). Does nothing for stderr. */
int log_reopen(struct error *err);

/* True when a line of that level would be written: guards costly arguments. */
bool log_enabled(enum log_level level);

void log_write(enum log_level level, struct log_subject subject, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* before and then words, which may hold any bytes, NUL too (a format ends at one). */
void log_bytes(enum log_level level, struct log_subject subject, const char *before,
               struct span words);

#define log_debug(subject, ...) log_write(LOG_DEBUG, subject, __VA_ARGS__)
#define log_info(subject, ...) log_write(LOG_INFO, subject, __VA_ARGS__)
#define log_warn(subject, ...) log_write(LOG_WARN, subject, __VA_ARGS__)
#define log_error(subject, ...) log_write(LOG_ERROR, subject, __VA_ARGS__)

/* "debug", "info", "warn", "error", "nothing" <-> level; false for any other name. */
bool log_level_from_name(const char *name, enum log_level *level);
