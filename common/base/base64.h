/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converts bytes to base64 and back (RFC 4648, 4). Pure. This is not OpenSSL's code, because a
 * process that loads libcrypto starts 3 ms later and is half a megabyte larger, and the process of
 * a plugin needs nothing else of it. A test compares it with OpenSSL.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"

/* Appends the base64 text of bytes to out. */
void base64_encode(struct buf *out, struct span bytes);
/*
 * Appends the bytes of text to out. Returns false if text is not base64. Then out may hold some of
 * the bytes.
 */
bool base64_decode(struct buf *out, struct span text);
/*
 * Returns true if text has only bytes of the alphabet, and = only at its end. libsodium does not
 * check this, and takes "\xaf" for "/".
 */
bool base64_is_plain(struct span text);
