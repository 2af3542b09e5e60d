/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for keys.h, sign.h and seal.h in a build without libsodium. There are no keys, so
 * nothing is signed or sealed.
 */
#include <stdlib.h>

#include "common/job/keys.h"
#include "common/job/seal.h"
#include "common/job/sign.h"

static int missing(struct error *err)
{
	return error_set(err, ERROR_CONFIG,
	                 "this program was built without libsodium: it cannot sign or seal jobs");
}

bool keys_supported(void)
{
	return false;
}

const char *key_kind_name(enum key_kind kind)
{
	static const char *const names[] = {"sign-secret", "sign-public", "seal-secret",
	                                    "seal-public"};
	return names[kind];
}

bool key_kind_secret(enum key_kind kind)
{
	return kind == KEY_SIGN_SECRET || kind == KEY_SEAL_SECRET;
}

int keyring_read(struct keyring *r, enum key_kind kind, struct span text, const char *name,
                 struct error *err)
{
	(void)kind, (void)text, (void)name;
	*r = (struct keyring){0};
	return missing(err);
}

void keyring_finish(struct keyring *r)
{
	*r = (struct keyring){0};
}

const struct key *keyring_find(const struct keyring *r, struct span kid)
{
	(void)r, (void)kid;
	return NULL;
}

int keyring_make(struct keyring *r, enum key_kind kind, const char *kid, struct error *err)
{
	(void)r, (void)kind, (void)kid;
	return missing(err);
}

/* None of these can be called, because there are no keys. */

void key_write(const struct key *k, bool public_half, struct buf *out)
{
	(void)k, (void)public_half, (void)out;
	abort();
}

char *sign_job(const struct key *k, const char *amqp_queue, struct span body,
               char out[static SIGN_TEXT_SIZE])
{
	(void)k, (void)amqp_queue, (void)body, (void)out;
	abort();
}

bool sign_check(const struct key *k, const char *amqp_queue, struct span body, struct span text)
{
	(void)k, (void)amqp_queue, (void)body, (void)text;
	abort();
}

void seal_args(const struct key *to, const struct seal_place *place, struct span args,
               struct buf *text)
{
	(void)to, (void)place, (void)args, (void)text;
	abort();
}

bool seal_open(const struct key *with, const struct seal_place *place, struct span text,
               struct buf *args)
{
	(void)with, (void)place, (void)text, (void)args;
	abort();
}
