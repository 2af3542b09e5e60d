/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash FNV-1a in 64 bits. It is fast, but anybody can find texts with the same hash. So a
 * table also compares the texts themselves.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

/* The hash of no bytes. */
#define HASH_EMPTY UINT64_C(0xcbf29ce484222325)

/* Returns the hash of the bytes that gave h, followed by byte. */
static inline uint64_t hash_byte(uint64_t h, unsigned char byte)
{
	return (h ^ byte) * UINT64_C(0x100000001b3);
}

/* Returns the hash of bytes, which may be empty. */
static inline uint64_t hash_bytes(struct span bytes)
{
	uint64_t h = HASH_EMPTY;
	for (size_t i = 0; i < bytes.len; i++)
		h = hash_byte(h, (unsigned char)bytes.at[i]);
	return h;
}
