/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes: a borrowed stretch (struct span), a growable buffer (struct buf), and
 * JSON text written into a buffer piece by piece.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes, not terminated. at == NULL means "not there" (len is 0 then). */
struct span {
	const char *at;
	size_t len;
};

static inline struct span span_of(const char *text)
{
	return (struct span){text, text ? strlen(text) : 0};
}

static inline bool span_equals(struct span s, const char *text)
{
	return s.at && strlen(text) == s.len && memcmp(s.at, text, s.len) == 0;
}

static inline bool span_same(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* Of a string literal, for tables. */
#define SPAN_LITERAL(text)                                                                         \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

/* Zero-initialised is empty and valid. data is NUL-terminated whenever it is not NULL. */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	bool failed; /* an allocation failed: content is what fitted before; appends do nothing */
};

void buf_finish(struct buf *b);
void buf_wipe(
    struct buf *b); /* the same, for what was secret; what it held before it grew is not reached */
void buf_clear(struct buf *b); /* length 0, memory kept, failed reset */
/* False, and failed set, when memory is exhausted. */
bool buf_append(struct buf *b, const void *data, size_t len);
/* Room for len bytes behind the content, which the caller fills, and then adds to b->len. NULL:
 * memory. */
char *buf_extend(struct buf *b, size_t len);
/* Here, so that the length of a literal is known when this is compiled. */
static inline bool buf_append_text(struct buf *b, const char *text)
{
	return buf_append(b, text, strlen(text));
}
bool buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Hands the terminated bytes to the caller, who frees them; b is empty afterwards. NULL when
 * failed. */
char *buf_steal(struct buf *b, size_t *len);

/*
 * Appends bytes as a JSON string with quotes. What is not valid UTF-8 becomes
 * U+FFFD, what a terminal obeys (utf8.h) becomes \uXXXX: the result is always valid JSON.
 */
bool buf_append_json_string(struct buf *b, const char *data, size_t len);
