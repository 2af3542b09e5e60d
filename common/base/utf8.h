/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 by RFC 3629, without overlong forms, surrogates or anything above U+10FFFF. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Returns the length in bytes (1 to 4) of the valid sequence at the start of data, or 0 if there is
 * none. len is not 0.
 */
size_t utf8_sequence(const char *data, size_t len);
/* Writes code, a scalar value, as 1 to 4 bytes. Returns how many. */
size_t utf8_encode(uint32_t code, char out[static 4]);
/* Returns the code point of a valid sequence of that length. */
uint32_t utf8_decode(const char *data, size_t len);
/*
 * Returns true if a terminal or a viewer obeys the character instead of showing it. Those are
 * controls (C0, DEL, C1), line ends (U+2028, U+2029) and marks that turn the direction of the text
 * (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
 */
bool utf8_obeyed(uint32_t code);
