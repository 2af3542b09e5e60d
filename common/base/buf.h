/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes. A struct span is a borrowed stretch of them, a struct buf is a buffer that grows. JSON
 * text can be written into a buffer piece by piece.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes, not terminated. When at is NULL there are none, and len is 0. */
struct span {
	const char *at;
	size_t len;
};

/* Returns text without its NUL as a span. NULL gives a span whose at is NULL. */
static inline struct span span_of(const char *text)
{
	return (struct span){text, text ? strlen(text) : 0};
}

/* Returns true if s holds exactly the bytes of text. A span whose at is NULL equals no text. */
static inline bool span_equals(struct span s, const char *text)
{
	return s.at && strlen(text) == s.len && memcmp(s.at, text, s.len) == 0;
}

/* Returns true if both spans hold the same bytes. */
static inline bool span_same(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* The initialiser of a span over a string literal, for tables. */
#define SPAN_LITERAL(text)                                                                         \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

/*
 * A growable buffer. A zeroed one is empty and valid. data is NUL-terminated whenever it is not
 * NULL.
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	/* An allocation failed. The content is what fitted before, and appends do nothing. */
	bool failed;
};

/* Frees the memory. b is empty and can be used again. */
void buf_finish(struct buf *b);
/*
 * Like buf_finish, but overwrites the memory first, for secrets. Memory that b left behind when it
 * grew is not overwritten.
 */
void buf_wipe(struct buf *b);
/* Empties b for new content. Keeps its memory and resets failed. */
void buf_clear(struct buf *b);
/* Appends len bytes. Returns false and sets failed if memory is exhausted. */
bool buf_append(struct buf *b, const void *data, size_t len);
/*
 * Makes room for len bytes behind the content and returns where. The caller fills it and then adds
 * the number of bytes to b->len. Returns NULL if memory is exhausted.
 */
char *buf_extend(struct buf *b, size_t len);
/* Appends a text. It is inline so that the compiler knows the length of a literal. */
static inline bool buf_append_text(struct buf *b, const char *text)
{
	return buf_append(b, text, strlen(text));
}
/* Appends formatted text. Returns false and sets failed if memory is exhausted. */
bool buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * Returns the terminated content, which the caller frees, and leaves b empty. *len, if len is not
 * NULL, becomes its length. Returns NULL if an append has failed.
 */
char *buf_steal(struct buf *b, size_t *len);

/*
 * Appends bytes as a JSON string with quotes, which is always valid JSON. Bytes that are not UTF-8
 * become U+FFFD. Characters that a terminal obeys (utf8.h) become \uXXXX.
 */
bool buf_append_json_string(struct buf *b, const char *data, size_t len);
