/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/hpke.h"

#include <sodium.h>
#include <string.h>

/* The numbers of the algorithms in the tables of RFC 9180. */
static const struct span nothing = {"", 0};
static const struct span of_kem = {"KEM\x00\x20", 5},
                         of_suite = {"HPKE\x00\x20\x00\x01\x00\x03", 10};

enum { HASH = crypto_auth_hmacsha256_BYTES, AEAD_KEY = 32, NONCE = 12, CONTEXT = 1 + 2 * HASH };

typedef crypto_auth_hmacsha256_state mac;

static void feed(mac *m, struct span bytes)
{
	crypto_auth_hmacsha256_update(m, (const unsigned char *)bytes.at, bytes.len);
}

static void feed_label(mac *m, struct span owner, const char *label)
{
	feed(m, span_of("HPKE-v1"));
	feed(m, owner);
	feed(m, span_of(label));
}

static struct span bytes_of(const unsigned char *at, size_t len)
{
	return (struct span){(const char *)at, len};
}

/* LabeledExtract of RFC 9180. */
static void extract(struct span salt, struct span owner, const char *label, struct span from,
                    unsigned char out[HASH])
{
	mac m;
	crypto_auth_hmacsha256_init(&m, (const unsigned char *)salt.at, salt.len);
	feed_label(&m, owner, label);
	feed(&m, from);
	crypto_auth_hmacsha256_final(&m, out);
	sodium_memzero(&m, sizeof m);
}

/* LabeledExpand of RFC 9180, for at most one block, which is enough here. */
static void expand(const unsigned char from[HASH], struct span owner, const char *label,
                   struct span info, unsigned char *out, size_t len)
{
	mac m;
	unsigned char block[HASH];
	const char wanted[] = {0, (char)len}, last[] = {1};
	crypto_auth_hmacsha256_init(&m, from, HASH);
	feed(&m, (struct span){wanted, 2});
	feed_label(&m, owner, label);
	feed(&m, info);
	feed(&m, (struct span){last, 1});
	crypto_auth_hmacsha256_final(&m, block);
	memcpy(out, block, len);
	sodium_memzero(block, sizeof block);
	sodium_memzero(&m, sizeof m);
}

/* Derives the key that both ends share from the result of the exchange and the two public keys. */
static void share(const unsigned char exchanged[HPKE_KEY], const unsigned char *ephemeral_public,
                  const unsigned char *receiver, unsigned char out[HASH])
{
	unsigned char prk[HASH], both[2 * HPKE_KEY];
	memcpy(both, ephemeral_public, HPKE_KEY);
	memcpy(both + HPKE_KEY, receiver, HPKE_KEY);
	extract(nothing, of_kem, "eae_prk", bytes_of(exchanged, HPKE_KEY), prk);
	expand(prk, of_kem, "shared_secret", bytes_of(both, sizeof both), out, HASH);
	sodium_memzero(prk, sizeof prk);
}

struct lock {
	unsigned char key[AEAD_KEY], nonce[NONCE];
};

/*
 * KeySchedule of RFC 9180 in base mode. The nonce is that of the first message, and there is no
 * second.
 */
static void schedule(const unsigned char shared[HASH], struct span info, struct lock *l)
{
	unsigned char secret[HASH], context[CONTEXT] = {0};
	extract(nothing, of_suite, "psk_id_hash", nothing, context + 1);
	extract(nothing, of_suite, "info_hash", info, context + 1 + HASH);
	extract(bytes_of(shared, HASH), of_suite, "secret", nothing, secret);
	expand(secret, of_suite, "key", bytes_of(context, CONTEXT), l->key, AEAD_KEY);
	expand(secret, of_suite, "base_nonce", bytes_of(context, CONTEXT), l->nonce, NONCE);
	sodium_memzero(secret, sizeof secret);
}

/* Returns false if the peer's key is one of the few points whose exchange gives nothing secret. */
static bool make_lock(const unsigned char *own_secret, const unsigned char *peer,
                      const unsigned char *ephemeral_public, const unsigned char *receiver,
                      struct span info, struct lock *l)
{
	unsigned char exchanged[HPKE_KEY], shared[HASH];
	if (crypto_scalarmult(exchanged, own_secret, peer) != 0)
		return false;
	share(exchanged, ephemeral_public, receiver, shared);
	schedule(shared, info, l);
	sodium_memzero(exchanged, sizeof exchanged);
	sodium_memzero(shared, sizeof shared);
	return true;
}

bool hpke_seal(const unsigned char to[static HPKE_KEY], const unsigned char *ephemeral,
               struct hpke_bond bond, struct span plain, unsigned char *out)
{
	unsigned char own[HPKE_KEY];
	struct lock l;
	if (ephemeral)
		memcpy(own, ephemeral, sizeof own);
	else
		randombytes_buf(own, sizeof own);
	bool ok =
	    crypto_scalarmult_base(out, own) == 0 && make_lock(own, to, out, to, bond.info, &l);
	sodium_memzero(own, sizeof own);
	if (!ok)
		return false;
	crypto_aead_chacha20poly1305_ietf_encrypt(
	    out + HPKE_KEY, NULL, (const unsigned char *)plain.at, plain.len,
	    (const unsigned char *)bond.aad.at, bond.aad.len, NULL, l.nonce, l.key);
	sodium_memzero(&l, sizeof l);
	return true;
}

bool hpke_open(const unsigned char secret[static HPKE_KEY],
               const unsigned char public_half[static HPKE_KEY], struct hpke_bond bond,
               struct span sealed, unsigned char *out)
{
	const unsigned char *in = (const unsigned char *)sealed.at;
	struct lock l;
	if (sealed.len < HPKE_OVERHEAD || !make_lock(secret, in, in, public_half, bond.info, &l))
		return false;
	bool ok = crypto_aead_chacha20poly1305_ietf_decrypt(
	              out, NULL, NULL, in + HPKE_KEY, sealed.len - HPKE_KEY,
	              (const unsigned char *)bond.aad.at, bond.aad.len, l.nonce, l.key) == 0;
	sodium_memzero(&l, sizeof l);
	return ok;
}
