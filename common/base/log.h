/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes one line for one event, to stderr or a file. Control bytes of whatever is
 * logged are escaped, so that a job cannot forge a line or drive a terminal.
 *
 * Text form:  2026-11-24T09:08:00.123Z info  [mail 0193...] ended ok in 12 ms
 * JSON form:  {"time":"...","level":"info","queue":"mail","job":"0193...","text":"..."}
 *
 * All functions may be called from any thread, because a line is one write(2). The level, the form
 * and the destination are the only mutable globals in Warren.
 */
#pragma once

#include "common/base/buf.h"
#include "common/base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_NOTHING };
enum log_form { LOG_TEXT, LOG_JSON };

/* The job and the queue that a line is about. Both are borrowed, and NULL when there is none. */
struct log_subject {
	const char *queue;
	const char *job;
};

/* The subject of lines about the process itself. */
#define LOG_SELF ((struct log_subject){0})

/* Sets level and form. Call it before other threads start. */
void log_configure(enum log_level level, enum log_form form);

/*
 * Sends further lines to the file path, or to stderr when path is NULL. The file is created with
 * mode 0640 if needed and lines are appended. Returns -1 with err filled and keeps the old
 * destination if the file cannot be opened. path is copied.
 */
int log_open(const char *path, struct error *err);

/*
 * Holds this thread's lines below LOG_WARN from now on, until log_flush or the exit writes them
 * together. A system call for each line would cost more than a short job.
 */
void log_hold(void);
/* Writes the held lines of this thread. Call it before the thread waits. */
void log_flush(void);

/* Opens the file of log_open again, after a rotation. Does nothing for stderr. */
int log_reopen(struct error *err);

/* Returns true if a line of that level would be written. Use it to save costly arguments. */
bool log_enabled(enum log_level level);

/* Writes a line. */
void log_write(enum log_level level, struct log_subject subject, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * Writes a line of before and then words. words may hold any bytes, also NUL, at which a format
 * would end.
 */
void log_bytes(enum log_level level, struct log_subject subject, const char *before,
               struct span words);

#define log_debug(subject, ...) log_write(LOG_DEBUG, subject, __VA_ARGS__)
#define log_info(subject, ...) log_write(LOG_INFO, subject, __VA_ARGS__)
#define log_warn(subject, ...) log_write(LOG_WARN, subject, __VA_ARGS__)
#define log_error(subject, ...) log_write(LOG_ERROR, subject, __VA_ARGS__)

/* Reads "debug", "info", "warn", "error" or "nothing". Returns false for any other name. */
bool log_level_from_name(const char *name, enum log_level *level);
