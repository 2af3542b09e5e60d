/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/lines.h"

#include <errno.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

void lines_init(struct lines *l, int fd, size_t max)
{
	*l = (struct lines){.fd = fd, .max = max};
}

void lines_finish(struct lines *l)
{
	buf_finish(&l->buf);
}

static void drop_used(struct lines *l)
{
	if (l->at == 0)
		return;
	memmove(l->buf.data, l->buf.data + l->at, l->buf.len - l->at);
	l->buf.len -= l->at;
	l->at = 0;
}

int lines_read(struct lines *l, struct error *err)
{
	char chunk[CHUNK];
	ssize_t n = read(l->fd, chunk, sizeof chunk);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return error_set_errno(err, ERROR_IO, errno, "read");
	drop_used(l);
	l->bytes += (uint64_t)n;
	l->ended = n == 0;
	buf_append(&l->buf, chunk, (size_t)n);
	return 0;
}

static enum lines_got give(struct lines *l, struct span *line, size_t len, size_t used)
{
	*line = (struct span){l->buf.data + l->at, len};
	l->at += used;
	bool skipped = l->skipping;
	l->skipping = false;
	if (skipped)
		return LINES_TOO_LONG;
	l->number++;
	return len > l->max ? LINES_TOO_LONG : LINES_LINE;
}

enum lines_got lines_next(struct lines *l, struct span *line)
{
	size_t left = l->buf.len - l->at;
	const char *start = l->buf.data ? l->buf.data + l->at : "";
	const char *newline = left ? memchr(start, '\n', left) : NULL;
	if (newline)
		return give(l, line, (size_t)(newline - start), (size_t)(newline - start) + 1);
	if (l->ended && (left > 0 || l->skipping))
		return give(l, line, left, left);
	if (l->ended)
		return LINES_END;
	if (left > l->max) {
		/* The rest of the line is dropped, and LINES_TOO_LONG follows at its end. */
		l->number += !l->skipping;
		l->skipping = true;
		l->at = l->buf.len;
	}
	return LINES_MORE;
}
