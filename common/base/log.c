/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clean.h"
#include "common/base/clock.h"

static const char *const names[] = {"debug", "info", "warn", "error", "nothing"};

static struct {
	enum log_level level;
	enum log_form form;
	int fd;
	char *path;
} out = {.level = LOG_INFO, .form = LOG_TEXT, .fd = STDERR_FILENO};

enum { HELD_MAX = 64 * 1024 };

/* Lines of one thread that are not written yet. */
static struct {
	pthread_mutex_t lock;
	pthread_t owner;
	bool on;
	struct buf lines;
} held = {.lock = PTHREAD_MUTEX_INITIALIZER};

void log_configure(enum log_level level, enum log_form form)
{
	out.level = level;
	out.form = form;
}

static int open_file(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		return error_set_errno(err, ERROR_IO, errno, "cannot open the log file '%s'", path);
	return fd;
}

/*
 * Another thread may be about to write. So a new file takes the number of the old one, and no line
 * goes to a closed descriptor.
 */
static void switch_to(int fd)
{
	int old = out.fd;
	if (old != STDERR_FILENO && fd != STDERR_FILENO && dup3(fd, old, O_CLOEXEC) == old) {
		close(fd);
		return;
	}
	out.fd = fd;
	if (old != STDERR_FILENO)
		close(old);
}

int log_open(const char *path, struct error *err)
{
	int fd = STDERR_FILENO;
	char *copy = NULL;
	if (path) {
		fd = open_file(path, err);
		if (fd < 0)
			return -1;
		copy = strdup(path);
	}
	switch_to(fd);
	free(out.path);
	out.path = copy;
	return 0;
}

bool log_enabled(enum log_level level)
{
	return level >= out.level && level < LOG_NOTHING;
}

static void append_text_line(struct buf *b, const char *now, enum log_level level,
                             struct log_subject s, struct span text)
{
	buf_printf(b, "%s %-5s ", now, names[level]);
	if (s.queue || s.job) {
		buf_append_text(b, "[");
		clean_append(b, s.queue ? s.queue : "-", strlen(s.queue ? s.queue : "-"));
		if (s.job) {
			buf_append_text(b, " ");
			clean_append(b, s.job, strlen(s.job));
		}
		buf_append_text(b, "] ");
	}
	clean_append(b, text.at, text.len);
}

static void append_member(struct buf *b, const char *name, struct span value)
{
	if (!value.at)
		return;
	buf_printf(b, ",\"%s\":", name);
	buf_append_json_string(b, value.at, value.len);
}

static void append_json_line(struct buf *b, const char *now, enum log_level level,
                             struct log_subject s, struct span text)
{
	buf_printf(b, "{\"time\":\"%s\",\"level\":\"%s\"", now, names[level]);
	append_member(b, "queue", span_of(s.queue));
	append_member(b, "job", span_of(s.job));
	append_member(b, "text", text);
	buf_append_text(b, "}");
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* a log that cannot be written must not stop the work */
		data += n;
		len -= (size_t)n;
	}
}

static void flush_locked(void)
{
	write_all(out.fd, held.lines.data ? held.lines.data : "", held.lines.len);
	buf_clear(&held.lines);
}

/* Another thread may still write a line after this. */
static void end_hold(void)
{
	pthread_mutex_lock(&held.lock);
	flush_locked();
	buf_finish(&held.lines);
	held.on = false;
	free(out.path);
	out.path = NULL;
	pthread_mutex_unlock(&held.lock);
}

void log_hold(void)
{
	held.owner = pthread_self();
	held.on = true;
	atexit(end_hold);
}

void log_flush(void)
{
	pthread_mutex_lock(&held.lock);
	flush_locked();
	pthread_mutex_unlock(&held.lock);
}

int log_reopen(struct error *err)
{
	if (!out.path)
		return 0;
	int fd = open_file(out.path, err);
	if (fd < 0)
		return -1;
	log_flush(); /* the held lines belong to the old file */
	switch_to(fd);
	return 0;
}

/* Write warnings and errors at once, because the process may die next. */
static void put(enum log_level level, const struct buf *line)
{
	struct span text = {line->data ? line->data : "", line->len};
	pthread_mutex_lock(&held.lock);
	if (held.on && level < LOG_WARN && held.lines.len < HELD_MAX &&
	    pthread_equal(held.owner, pthread_self())) {
		buf_append(&held.lines, text.at, text.len);
	} else {
		flush_locked();
		write_all(out.fd, text.at, text.len);
	}
	pthread_mutex_unlock(&held.lock);
}

static void write_line(enum log_level level, struct log_subject subject, struct span text)
{
	char now[CLOCK_TEXT_SIZE];
	struct buf line = {0};
	clock_format(clock_now_ms(), now);
	if (out.form == LOG_JSON)
		append_json_line(&line, now, level, subject, text);
	else
		append_text_line(&line, now, level, subject, text);
	buf_append_text(&line, "\n");
	put(level, &line);
	buf_finish(&line);
}

void log_write(enum log_level level, struct log_subject subject, const char *fmt, ...)
{
	if (!log_enabled(level))
		return;
	int kept = errno; /* a log line must not change what the caller looks at next */
	char *text = NULL;
	va_list args;
	va_start(args, fmt);
	int len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		return;
	write_line(level, subject, (struct span){text, (size_t)len});
	free(text);
	errno = kept;
}

void log_bytes(enum log_level level, struct log_subject subject, const char *before,
               struct span words)
{
	if (!log_enabled(level))
		return;
	int kept = errno;
	struct buf text = {0};
	buf_append_text(&text, before);
	buf_append(&text, words.at, words.len);
	write_line(level, subject, (struct span){text.data ? text.data : "", text.len});
	buf_finish(&text);
	errno = kept;
}

bool log_level_from_name(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(name, names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}
