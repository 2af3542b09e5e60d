/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that sign and seal jobs, as text and in memory. Pure: key_files.h reads and writes the
 * files.
 *
 * The text has a key a line: KID KIND BASE64, with blanks between; empty lines and lines that begin
 * with # are skipped. The base64 (RFC 4648, 4) is of 32 bytes: an Ed25519 seed or public key
 * (sign-secret, sign-public), an X25519 secret or public key (seal-secret, seal-public). Secrets in
 * memory are locked, and wiped when they are freed.
 *
 * Without libsodium (keys_supported() is false) there are no keys: reading and making them fails.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/error.h"

enum key_kind {
	KEY_SIGN_SECRET,
	KEY_SIGN_PUBLIC,
	KEY_SEAL_SECRET,
	KEY_SEAL_PUBLIC,
	KEY_ANY, /* to keyring_read: whatever it is */
};

enum { KEY_SIZE = 32, KEYS_MAX = 100 /* of one file */ };

struct key {
	enum key_kind kind;
	char *kid; /* owned */
	unsigned char public_half[KEY_SIZE];
	/* Owned; NULL of a public key. sign-secret: 64 bytes, as libsodium wants it; seal-secret:
	 * KEY_SIZE. */
	unsigned char *secret;
};

/* Zero-initialised is empty and valid. */
struct keyring {
	struct key *keys;
	size_t count;
};

bool keys_supported(void);
/* "sign-secret" ... */
const char *key_kind_name(enum key_kind kind);
bool key_kind_secret(enum key_kind kind);

/*
 * Reads the keys of a text into *r (keyring_finish, also after -1). name is the file's, for
 * messages; they never hold a byte of the text but kids. ERROR_CONFIG: no key at all, a key of
 * another kind than the one wanted, a kid twice, a public key that is a point of no use.
 */
int keyring_read(struct keyring *r, enum key_kind kind, struct span text, const char *name,
                 struct error *err);
void keyring_finish(struct keyring *r);
/* NULL: there is none of that kid. */
const struct key *keyring_find(const struct keyring *r, struct span kid);

/* A new secret key (KEY_SIGN_SECRET, KEY_SEAL_SECRET) as the ring's last. ERROR_CONFIG without
 * libsodium. */
int keyring_make(struct keyring *r, enum key_kind kind, const char *kid, struct error *err);
/* The key's line, or that of its public half. out is to be wiped by the caller (buf_wipe) when it
 * holds a secret. */
void key_write(const struct key *k, bool public_half, struct buf *out);
