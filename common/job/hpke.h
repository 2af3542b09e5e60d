/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypts one message to a public key: HPKE (RFC 9180), base mode, with DHKEM(X25519,
 * HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305. A sealed message is the ephemeral public key,
 * then the ciphertext with its tag. Pure but for the random ephemeral key.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"

enum { HPKE_KEY = 32, HPKE_OVERHEAD = HPKE_KEY + 16 };

/*
 * Known to both ends and sent by nobody: info is a word for the purpose, aad is what the message
 * belongs to.
 */
struct hpke_bond {
	struct span info, aad;
};

/*
 * Seals plain to a public key. out must have room for plain.len + HPKE_OVERHEAD bytes. ephemeral is
 * a secret key that is used once. NULL makes a new one; tests give one to compare with known
 * answers. Returns false if the public key is a point of no use.
 */
bool hpke_seal(const unsigned char to[static HPKE_KEY], const unsigned char *ephemeral,
               struct hpke_bond bond, struct span plain, unsigned char *out);
/*
 * Opens what was sealed to this key with this bond. out must have room for sealed.len -
 * HPKE_OVERHEAD bytes. Returns false, and leaves out untouched, if it was sealed to another key,
 * with another bond, or was altered.
 */
bool hpke_open(const unsigned char secret[static HPKE_KEY],
               const unsigned char public_half[static HPKE_KEY], struct hpke_bond bond,
               struct span sealed, unsigned char *out);
