/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/keys.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/base/base64.h"
#include "common/job/job.h"
#include "common/base/memory.h"

static const char *const names[] = {"sign-secret", "sign-public", "seal-secret", "seal-public"};

bool keys_supported(void)
{
	return true;
}

const char *key_kind_name(enum key_kind kind)
{
	return names[kind];
}

bool key_kind_secret(enum key_kind kind)
{
	return kind == KEY_SIGN_SECRET || kind == KEY_SEAL_SECRET;
}

static void start_sodium(void)
{
	if (sodium_init() < 0)
		abort(); /* the kernel gives no random bytes */
}

static unsigned char *secret_memory(size_t size)
{
	unsigned char *secret = sodium_malloc(size);
	if (!secret)
		abort();
	return secret;
}

/* ---- one key ---- */

static void finish(struct key *k)
{
	free(k->kid);
	sodium_free(k->secret);
}

/* Returns false if the bytes are no safe key of that kind. */
static bool take_public(struct key *k, const unsigned char bytes[KEY_SIZE])
{
	unsigned char any[KEY_SIZE], product[KEY_SIZE];
	memcpy(k->public_half, bytes, KEY_SIZE);
	if (k->kind == KEY_SIGN_PUBLIC)
		return crypto_core_ed25519_is_valid_point(bytes) == 1;
	randombytes_buf(any, sizeof any);
	return crypto_scalarmult(product, any, bytes) == 0;
}

static void take_secret(struct key *k, const unsigned char bytes[KEY_SIZE])
{
	if (k->kind == KEY_SIGN_SECRET) {
		k->secret = secret_memory(crypto_sign_SECRETKEYBYTES);
		crypto_sign_seed_keypair(k->public_half, k->secret, bytes);
		return;
	}
	k->secret = secret_memory(KEY_SIZE);
	memcpy(k->secret, bytes, KEY_SIZE);
	crypto_scalarmult_base(k->public_half, k->secret);
}

static struct key *add(struct keyring *r, enum key_kind kind, struct span kid)
{
	r->keys = xrealloc(r->keys, r->count + 1, sizeof *r->keys);
	struct key *k = &r->keys[r->count++];
	*k = (struct key){.kind = kind, .kid = xmemdup(kid.at, kid.len)};
	return k;
}

/* Returns false if the text is no base64 of 32 bytes, or these are no safe key. */
static bool add_from_text(struct keyring *r, enum key_kind kind, struct span kid, struct span text)
{
	size_t len = 0;
	unsigned char *bytes = secret_memory(KEY_SIZE);
	bool ok = base64_is_plain(text) &&
	          sodium_base642bin(bytes, KEY_SIZE, text.at, text.len, NULL, &len, NULL,
	                            sodium_base64_VARIANT_ORIGINAL) == 0 &&
	          len == KEY_SIZE;
	if (ok && key_kind_secret(kind))
		take_secret(add(r, kind, kid), bytes);
	else if (ok)
		ok = take_public(add(r, kind, kid), bytes);
	sodium_free(bytes);
	return ok;
}

/* ---- the text ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next word off the line and returns it. The word is empty at the end. */
static struct span take_word(struct span *line)
{
	size_t from = 0, to;
	while (from < line->len && is_blank(line->at[from]))
		from++;
	for (to = from; to < line->len && !is_blank(line->at[to]);)
		to++;
	struct span word = {line->at + from, to - from};
	*line = (struct span){line->at + to, line->len - to};
	return word;
}

static bool find_kind(struct span word, enum key_kind *kind)
{
	for (int i = 0; i < KEY_ANY; i++) {
		if (!span_equals(word, names[i]))
			continue;
		*kind = (enum key_kind)i;
		return true;
	}
	return false;
}

static int wrong_kind(enum key_kind have, enum key_kind want, struct error *err)
{
	const char *help = "";
	if (key_kind_secret(have) && have + 1 == want)
		help = "; this setting takes the public key: warren-producer keys public FILE";
	else if (!key_kind_secret(have) && have == want + 1)
		help = "; the file with the secret half is wanted here";
	return error_set(err, ERROR_CONFIG, "this is a %s key, and a %s key is wanted%s",
	                 names[have], names[want], help);
}

static int read_line(struct keyring *r, enum key_kind want, struct span line, struct error *err)
{
	enum key_kind kind;
	struct span kid = take_word(&line), word = take_word(&line), text = take_word(&line),
	            rest = take_word(&line);
	if (kid.len == 0 || kid.at[0] == '#')
		return 0;
	if (text.len == 0 || rest.len > 0)
		return error_set(err, ERROR_CONFIG, "a key is three words: KID KIND BASE64");
	if (!key_id_valid(kid))
		return error_set(err, ERROR_CONFIG,
		                 "the first word, the kid, must be " KEY_ID_FORM);
	if (!find_kind(word, &kind))
		return error_set(
		    err, ERROR_CONFIG,
		    "the second word must be sign-secret, sign-public, seal-secret or seal-public");
	if (want != KEY_ANY && kind != want)
		return wrong_kind(kind, want, err);
	if (keyring_find(r, kid))
		return error_set(err, ERROR_CONFIG, "the kid '%.*s' comes twice", (int)kid.len,
		                 kid.at);
	if (r->count == KEYS_MAX)
		return error_set(err, ERROR_CONFIG, "more than %d keys", KEYS_MAX);
	if (!add_from_text(r, kind, kid, text))
		return error_set(err, ERROR_CONFIG,
		                 "the third word of '%.*s' is not the base64 of a %s key; make one "
		                 "with: warren-producer keys",
		                 (int)kid.len, kid.at, names[kind]);
	return 0;
}

int keyring_read(struct keyring *r, enum key_kind kind, struct span text, const char *name,
                 struct error *err)
{
	start_sodium();
	*r = (struct keyring){0};
	for (unsigned number = 1; text.len > 0; number++) {
		const char *end = memchr(text.at, '\n', text.len);
		size_t len = end ? (size_t)(end - text.at) : text.len, taken = end ? len + 1 : len;
		if (read_line(r, kind, (struct span){text.at, len}, err) < 0)
			return error_wrap(err, "%s:%u", name, number);
		text = (struct span){text.at + taken, text.len - taken};
	}
	if (r->count == 0)
		return error_set(err, ERROR_CONFIG,
		                 "'%s' holds no key; make one with: warren-producer keys", name);
	return 0;
}

void keyring_finish(struct keyring *r)
{
	for (size_t i = 0; i < r->count; i++)
		finish(&r->keys[i]);
	free(r->keys);
	*r = (struct keyring){0};
}

const struct key *keyring_find(const struct keyring *r, struct span kid)
{
	for (size_t i = 0; i < r->count; i++)
		if (span_equals(kid, r->keys[i].kid))
			return &r->keys[i];
	return NULL;
}

int keyring_make(struct keyring *r, enum key_kind kind, const char *kid, struct error *err)
{
	(void)err;
	start_sodium();
	unsigned char *bytes = secret_memory(KEY_SIZE);
	randombytes_buf(bytes, KEY_SIZE);
	take_secret(add(r, kind, span_of(kid)), bytes);
	sodium_free(bytes);
	return 0;
}

void key_write(const struct key *k, bool public_half, struct buf *out)
{
	char text[sodium_base64_ENCODED_LEN(KEY_SIZE, sodium_base64_VARIANT_ORIGINAL)];
	bool secret = key_kind_secret(k->kind) && !public_half;
	enum key_kind kind = key_kind_secret(k->kind) && public_half ? k->kind + 1 : k->kind;
	/* libsodium's secret signing key begins with the seed. */
	sodium_bin2base64(text, sizeof text, secret ? k->secret : k->public_half, KEY_SIZE,
	                  sodium_base64_VARIANT_ORIGINAL);
	buf_printf(out, "%s %s %s\n", k->kid, names[kind], text);
	sodium_memzero(text, sizeof text);
}
