/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as text and back (RFC 4648, 4). Pure. Of our own, and held against OpenSSL in a test, for a
 * process that has to load libcrypto starts 3 ms later and is half a megabyte larger, and that of a
 * plugin needs nothing else of it.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"

void base64_encode(struct buf *out, struct span bytes);
/* False: the text is no base64; out may hold some bytes then. */
bool base64_decode(struct buf *out, struct span text);
/* Is it of the alphabet's bytes alone, with = at the end only? libsodium takes "\xaf" for "/". */
bool base64_is_plain(struct span text);
