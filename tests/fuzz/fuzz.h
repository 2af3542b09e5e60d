/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers that all fuzzers share. Each fuzzer is a file of its own with LLVMFuzzerTestOneInput in
 * it. It is built twice: with libFuzzer (-Dfuzz=enabled), and with replay.c, which runs the kept
 * inputs as a unit test. A property that does not hold aborts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

/* Runs one input. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program and names the property if it does not hold. */
#define fuzz_check(property)                                                                       \
	do {                                                                                       \
		if (!(property))                                                                   \
			fuzz_failed(#property, __FILE__, __LINE__);                                \
	} while (0)
/* Prints the property and its place, and aborts. For fuzz_check. */
_Noreturn void fuzz_failed(const char *property, const char *file, int line);

/*
 * An input as a list of numbers and byte strings. When it is used up, every further one is 0 or
 * empty.
 */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};
/* Take a number off the input. */
uint8_t fuzz_u8(struct fuzz_input *in);
uint16_t fuzz_u16(struct fuzz_input *in);
uint64_t fuzz_u64(struct fuzz_input *in);
/* Takes at most max bytes off the input, borrowed. */
struct span fuzz_bytes(struct fuzz_input *in, size_t max);
/* Takes all that is left, borrowed. */
struct span fuzz_rest(struct fuzz_input *in);
/* Returns a terminated copy of bytes up to the first NUL. The caller frees it. */
char *fuzz_text(struct span bytes);

/* Returns true if all of part lies in whole. */
bool fuzz_lies_in(struct span part, struct span whole);
