/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzzers share. Each is a file of its own with LLVMFuzzerTestOneInput in it and is built
 * twice: with libFuzzer
 * (-Dfuzz=enabled), and with replay.c, which runs the kept inputs as a unit test. A property that
 * does not hold aborts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, naming the property, when it does not hold. */
#define fuzz_check(property)                                                                       \
	do {                                                                                       \
		if (!(property))                                                                   \
			fuzz_failed(#property, __FILE__, __LINE__);                                \
	} while (0)
_Noreturn void fuzz_failed(const char *property, const char *file, int line);

/* An input as a list of numbers and byte strings; when it is used up, all that follows is 0 or
 * empty. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};
uint8_t fuzz_u8(struct fuzz_input *in);
uint16_t fuzz_u16(struct fuzz_input *in);
uint64_t fuzz_u64(struct fuzz_input *in);
/* Borrowed of the input, at most max. */
struct span fuzz_bytes(struct fuzz_input *in, size_t max);
/* All that is left. */
struct span fuzz_rest(struct fuzz_input *in);
/* A terminated copy that holds no NUL: it ends at the first. The caller frees it. */
char *fuzz_text(struct span bytes);

/* Is all of part in whole? */
bool fuzz_lies_in(struct span part, struct span whole);
