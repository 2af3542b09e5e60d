/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that sign and seal jobs, as text and in memory. Pure. key_files.h reads and writes the
 * files.
 *
 * The text has one key in each line: KID KIND BASE64, with blanks between them. Empty lines and
 * lines that begin with # are skipped. The base64 (RFC 4648, 4) is of 32 bytes. They are an Ed25519
 * seed or public key (sign-secret, sign-public), or an X25519 secret or public key (seal-secret,
 * seal-public). Secrets in memory are locked, and wiped when they are freed.
 *
 * Without libsodium (keys_supported() is false) there are no keys, and reading and making them
 * fails.
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
	/*
	 * Owned; NULL of a public key. sign-secret: 64 bytes, as libsodium wants it; seal-secret:
	 * KEY_SIZE.
	 */
	unsigned char *secret;
};

/* A zeroed keyring is empty and valid. */
struct keyring {
	struct key *keys;
	size_t count;
};

/* Returns true if this program was built with libsodium. */
bool keys_supported(void);
/* Returns the name of a kind as it stands in a file: "sign-secret", "seal-public" and so on. */
const char *key_kind_name(enum key_kind kind);
/* Returns true if keys of that kind must be kept secret. */
bool key_kind_secret(enum key_kind kind);

/*
 * Reads the keys of a text into *r. The caller finishes *r (keyring_finish), also after a failure.
 * kind is the one kind that is wanted, or KEY_ANY. name is the file's, for messages, which hold
 * nothing of the text but kids. Returns -1 with ERROR_CONFIG if there is no key at all, a key of
 * another kind, a kid twice, or a public key that is a point of no use.
 */
int keyring_read(struct keyring *r, enum key_kind kind, struct span text, const char *name,
                 struct error *err);
/* Wipes and frees all keys of r. */
void keyring_finish(struct keyring *r);
/* Returns the key of that kid, borrowed from r, or NULL if there is none. */
const struct key *keyring_find(const struct keyring *r, struct span kid);

/*
 * Makes a new secret key (KEY_SIGN_SECRET or KEY_SEAL_SECRET) as the last of the ring. Returns -1
 * with ERROR_CONFIG without libsodium.
 */
int keyring_make(struct keyring *r, enum key_kind kind, const char *kid, struct error *err);
/*
 * Appends the line of the key, or that of its public half. The caller wipes out (buf_wipe) when it
 * holds a secret.
 */
void key_write(const struct key *k, bool public_half, struct buf *out);
