/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/utf8.h"

void buf_finish(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

void buf_wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_finish(b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = 0;
}

static bool reserve(struct buf *b, size_t more)
{
	if (b->failed)
		return false;
	if (more < b->cap - b->len && b->cap)
		return true;
	size_t cap = b->cap ? b->cap : 64;
	while (cap - b->len <= more && cap <= SIZE_MAX / 2)
		cap *= 2;
	char *data = cap - b->len > more ? realloc(b->data, cap) : NULL;
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

char *buf_extend(struct buf *b, size_t len)
{
	return reserve(b, len) ? b->data + b->len : NULL;
}

bool buf_append(struct buf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return false;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
	return true;
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0 || !reserve(b, (size_t)len))
		return false;
	va_start(args, fmt);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, args);
	va_end(args);
	b->len += (size_t)len;
	return true;
}

char *buf_steal(struct buf *b, size_t *len)
{
	if (b->failed || !reserve(b, 0)) {
		buf_finish(b);
		return NULL;
	}
	b->data[b->len] = 0;
	char *data = b->data;
	if (len)
		*len = b->len;
	*b = (struct buf){0};
	return data;
}

static bool append_escaped(struct buf *b, uint32_t code)
{
	switch (code) {
	case '"':
		return buf_append_text(b, "\\\"");
	case '\\':
		return buf_append_text(b, "\\\\");
	case '\n':
		return buf_append_text(b, "\\n");
	case '\r':
		return buf_append_text(b, "\\r");
	case '\t':
		return buf_append_text(b, "\\t");
	default:
		return buf_printf(b, "\\u%04x", (unsigned)code);
	}
}

static size_t plain_length(const char *data, size_t len)
{
	size_t n = 0;
	while (n < len && data[n] >= 0x20 && data[n] < 0x7f && data[n] != '"' && data[n] != '\\')
		n++;
	return n;
}

bool buf_append_json_string(struct buf *b, const char *data, size_t len)
{
	buf_append_text(b, "\"");
	for (size_t at = 0; at < len;) {
		size_t plain = plain_length(data + at, len - at);
		buf_append(b, data + at, plain);
		at += plain;
		if (at == len)
			break;
		size_t n = utf8_sequence(data + at, len - at);
		uint32_t code = n ? utf8_decode(data + at, n) : 0xfffd;
		if (n == 0)
			buf_append_text(b, "\xef\xbf\xbd");
		else if (code == '"' || code == '\\' || utf8_obeyed(code))
			append_escaped(b, code);
		else
			buf_append(b, data + at, n);
		at += n ? n : 1;
	}
	return buf_append_text(b, "\"");
}
