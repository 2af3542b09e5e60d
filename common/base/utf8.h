/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length in bytes (1 to 4) of the valid sequence at the start of data, or 0 when it is not one (len
 * > 0). */
size_t utf8_sequence(const char *data, size_t len);
/* Writes code (a scalar value) as 1 to 4 bytes; returns how many. */
size_t utf8_encode(uint32_t code, char out[static 4]);
/* The code point of a valid sequence of that length. */
uint32_t utf8_decode(const char *data, size_t len);
/*
 * Does a terminal or a viewer obey it instead of showing it? Controls (C0, DEL, C1), what ends a
 * line (U+2028, U+2029) and what turns the direction of the text around it (U+061C, U+200E, U+200F,
 * U+202A to U+202E, U+2066 to U+2069).
 */
bool utf8_obeyed(uint32_t code);
