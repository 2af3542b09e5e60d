/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Length in bytes (1 to 4) of the valid sequence at the start of data, or 0 when it is not one (len > 0). */
size_t utf8_sequence(const char *data, size_t len);
/* Writes code (a scalar value) as 1 to 4 bytes; returns how many. */
size_t utf8_encode(uint32_t code, char out[static 4]);
