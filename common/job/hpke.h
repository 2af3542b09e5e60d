/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public-key encryption of one message: HPKE (RFC 9180), base mode, with DHKEM(X25519,
 * HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305. A sealed message is the ephemeral public key and
 * the ciphertext with its tag. Pure but for the random ephemeral key.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"

enum { HPKE_KEY = 32, HPKE_OVERHEAD = HPKE_KEY + 16 };

/* What both ends know and nobody sends: a word for the purpose, and what the message belongs to. */
struct hpke_bond {
	struct span info, aad;
};

/*
 * out has room for plain.len + HPKE_OVERHEAD bytes. ephemeral: a secret key that is used once, for
 * known answers; NULL: a new one. False: the public key is a point of no use.
 */
bool hpke_seal(const unsigned char to[static HPKE_KEY], const unsigned char *ephemeral,
               struct hpke_bond bond, struct span plain, unsigned char *out);
/* out has room for sealed.len - HPKE_OVERHEAD bytes, and is untouched on false: it is not for this
 * key and bond. */
bool hpke_open(const unsigned char secret[static HPKE_KEY],
               const unsigned char public_half[static HPKE_KEY], struct hpke_bond bond,
               struct span sealed, unsigned char *out);
