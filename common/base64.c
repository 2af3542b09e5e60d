/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base64.h"

#include <openssl/evp.h>

#include "common/memory.h"

void base64_encode(struct buf *out, struct span bytes)
{
	cleanup_free unsigned char *text = xcalloc(bytes.len / 3 + 2, 4);
	int len = EVP_EncodeBlock(text, (const unsigned char *)bytes.at, (int)bytes.len);
	buf_append(out, text, (size_t)len);
}

bool base64_decode(struct buf *out, struct span text)
{
	cleanup_free unsigned char *bytes = xcalloc(text.len / 4 + 1, 3);
	int len = text.len % 4 == 0 ? EVP_DecodeBlock(bytes, (const unsigned char *)text.at, (int)text.len) : -1;
	if (len < 0)
		return false;
	/* OpenSSL counts the padding as zero bytes. */
	for (size_t i = text.len; i > 0 && i + 2 > text.len && text.at[i - 1] == '='; i--)
		len--;
	return buf_append(out, bytes, (size_t)len);
}

bool base64_is_plain(struct span text)
{
	while (text.len > 0 && text.at[text.len - 1] == '=')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		bool ok =
		    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
		if (!ok)
			return false;
	}
	return text.at != NULL;
}
