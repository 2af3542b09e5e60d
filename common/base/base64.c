/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct span bytes)
{
	char *four = buf_extend(out, (bytes.len + 2) / 3 * 4);
	if (!four)
		return;
	for (size_t at = 0; at < bytes.len; at += 3, four += 4, out->len += 4) {
		size_t n = bytes.len - at < 3 ? bytes.len - at : 3;
		uint32_t bits = 0;
		for (size_t i = 0; i < 3; i++)
			bits = bits << 8 | (i < n ? (unsigned char)bytes.at[at + i] : 0);
		for (size_t i = 0; i < 4; i++)
			four[i] = '=';
		for (size_t i = 0; i <= n; i++)
			four[i] = alphabet[bits >> (18 - 6 * i) & 63];
	}
	out->data[out->len] = 0;
}

/* Returns the value of a character, or -1 if it is not of the alphabet. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Returns how many "=" stand at the end of text, at most 2. */
static size_t padding_of(struct span text)
{
	if (text.len == 0 || text.at[text.len - 1] != '=')
		return 0;
	return text.at[text.len - 2] == '=' ? 2 : 1;
}

bool base64_decode(struct buf *out, struct span text)
{
	size_t digits = text.len - (text.len % 4 == 0 ? padding_of(text) : 0);
	char *three = text.len % 4 == 0 ? buf_extend(out, digits) : NULL;
	if (!three)
		return false;
	bool ok = true;
	for (size_t at = 0; ok && at < digits; at += 4) {
		size_t n = digits - at < 4 ? digits - at : 4;
		uint32_t bits = 0;
		for (size_t i = 0; i < 4; i++) {
			int v = i < n ? value_of(text.at[at + i]) : 0;
			ok = ok && v >= 0;
			bits = bits << 6 | (uint32_t)(v & 63);
		}
		for (size_t i = 0; ok && i + 1 < n; i++, out->len++)
			*three++ = (char)(bits >> (16 - 8 * i));
	}
	out->data[out->len] = 0;
	return ok;
}

bool base64_is_plain(struct span text)
{
	while (text.len > 0 && text.at[text.len - 1] == '=')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		          (c >= '0' && c <= '9') || c == '+' || c == '/';
		if (!ok)
			return false;
	}
	return text.at != NULL;
}
