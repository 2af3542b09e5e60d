/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/clean.h"

#include <string.h>

#include "common/base/utf8.h"

void clean_append_but(struct buf *b, const char *text, size_t len, const char *kept)
{
	for (size_t at = 0, n; at < len; at += n ? n : 1) {
		unsigned char c = (unsigned char)text[at];
		n = utf8_sequence(text + at, len - at);
		uint32_t code = n ? utf8_decode(text + at, n) : c;
		if (n == 0 || (code < 0x80 && utf8_obeyed(code) && !(c && strchr(kept, c))))
			buf_printf(b, "\\x%02x", c);
		else if (code >= 0x80 && utf8_obeyed(code))
			buf_printf(b, "\\u%04x", (unsigned)code);
		else
			buf_append(b, text + at, n);
	}
}

void clean_append(struct buf *b, const char *text, size_t len)
{
	clean_append_but(b, text, len, "");
}

char *clean_copy(char *out, size_t size, struct span text)
{
	static const char nul[] = "\\x00";
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		struct span part = text.at[i] ? (struct span){text.at + i, 1} : span_of(nul);
		if (len + part.len >= size)
			break;
		memcpy(out + len, part.at, part.len);
		len += part.len;
	}
	out[len] = 0;
	return out;
}

void clean_print(FILE *out, const char *text)
{
	struct buf b = {0};
	clean_append(&b, text, strlen(text));
	fwrite(b.data ? b.data : "", 1, b.len, out);
	buf_finish(&b);
}

void clean_append_json(struct buf *b, const char *json)
{
	size_t len = strlen(json);
	for (size_t at = 0, n; at < len; at += n ? n : 1) {
		n = utf8_sequence(json + at, len - at);
		uint32_t code = n ? utf8_decode(json + at, n) : 0xfffd;
		if (n == 0 || utf8_obeyed(code))
			buf_printf(b, "\\u%04x", (unsigned)code);
		else
			buf_append(b, json + at, n);
	}
}

void clean_print_json(FILE *out, const char *json)
{
	struct buf b = {0};
	clean_append_json(&b, json);
	fwrite(b.data ? b.data : "", 1, b.len, out);
	buf_finish(&b);
}
