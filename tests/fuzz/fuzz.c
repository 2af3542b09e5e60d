/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/memory.h"

void fuzz_failed(const char *property, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, property);
	abort();
}

uint8_t fuzz_u8(struct fuzz_input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

uint16_t fuzz_u16(struct fuzz_input *in)
{
	unsigned high = fuzz_u8(in);
	return (uint16_t)(high << 8 | fuzz_u8(in));
}

uint64_t fuzz_u64(struct fuzz_input *in)
{
	uint64_t n = 0;
	for (int i = 0; i < 4; i++)
		n = n << 16 | fuzz_u16(in);
	return n;
}

struct span fuzz_bytes(struct fuzz_input *in, size_t max)
{
	size_t len = in->left < max ? in->left : max;
	struct span s = {(const char *)in->at, len};
	in->at += len;
	in->left -= len;
	return s;
}

struct span fuzz_rest(struct fuzz_input *in)
{
	return fuzz_bytes(in, in->left);
}

char *fuzz_text(struct span bytes)
{
	return xmemdup(bytes.at, strnlen(bytes.at, bytes.len));
}

bool fuzz_lies_in(struct span part, struct span whole)
{
	return part.at >= whole.at && part.len <= whole.len &&
	       part.at - whole.at <= (ptrdiff_t)(whole.len - part.len);
}
