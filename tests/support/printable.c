/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/printable.h"

#include <stdbool.h>
#include <string.h>

/* Reads one code point by arithmetic. Returns 0 for broken UTF-8. */
static unsigned long read_code(const unsigned char *p, size_t len, size_t *size)
{
	static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
	*size = p[0] < 0x80             ? 1
	        : (p[0] & 0xe0) == 0xc0 ? 2
	        : (p[0] & 0xf0) == 0xe0 ? 3
	        : (p[0] & 0xf8) == 0xf0 ? 4
	                                : 0;
	if (*size == 0 || *size > len)
		return 0;
	unsigned long code = *size == 1 ? p[0] : p[0] & (0xffu >> (*size + 1));
	for (size_t i = 1; i < *size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	bool wrong = code < least[*size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
	return wrong ? 0 : code;
}

static bool is_wrong(unsigned long code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x61c || code == 0x200e ||
	       code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

const char *printable_offender(const char *data, size_t len, const char *allowed)
{
	for (size_t at = 0, size; at < len; at += size) {
		unsigned long code = read_code((const unsigned char *)data + at, len - at, &size);
		bool may = code > 0 && code < 0x80 && strchr(allowed, (int)code);
		if (!may && (code == 0 || is_wrong(code)))
			return data + at;
	}
	return NULL;
}
