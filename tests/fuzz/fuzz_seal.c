/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks that seals and signatures made here are taken, and nothing else: no other text, place,
 * body or key.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/job/seal.h"
#include "common/job/sign.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_keyed.h"

static struct keyring signers, strangers, openers, others;

static void make_keys(void)
{
	if (signers.count > 0)
		return;
	signers = fuzz_keyring(KEY_SIGN_SECRET, "s", 1);
	strangers = fuzz_keyring(KEY_SIGN_SECRET, "t", 2);
	openers = fuzz_keyring(KEY_SEAL_SECRET, "o", 3);
	others = fuzz_keyring(KEY_SEAL_SECRET, "p", 4);
}

/* Returns a text without a line end, as names are. */
static char *name_from(struct fuzz_input *in)
{
	char *name = fuzz_text(fuzz_bytes(in, fuzz_u8(in) % 16));
	name[strcspn(name, "\n")] = 0;
	return name;
}

static bool opens(const struct keyring *with, const struct seal_place *place, struct span text,
                  struct span args)
{
	struct buf opened = {0};
	bool ok = seal_open(&with->keys[0], place, text, &opened);
	fuzz_check(ok || opened.len == 0);
	if (ok)
		fuzz_check(opened.len == args.len &&
		           (args.len == 0 || memcmp(opened.data, args.at, args.len) == 0));
	buf_wipe(&opened);
	return ok;
}

/* Changes one byte, or cuts the text. */
static void alter(struct buf *b, size_t where, uint8_t by)
{
	if (b->len == 0)
		return;
	if (by)
		b->data[where % b->len] = (char)(b->data[where % b->len] ^ by);
	else
		b->len = where % b->len;
}

static void check_seal(struct fuzz_input *in)
{
	size_t where = fuzz_u16(in);
	uint8_t by = fuzz_u8(in);
	cleanup_free char *queue = name_from(in), *id = name_from(in), *type = name_from(in),
	                  *other = name_from(in);
	const struct seal_place place = {queue, id, type};
	struct span args = fuzz_rest(in);
	struct buf text = {0};
	seal_args(&openers.keys[0], &place, args, &text);
	struct span sealed = {text.data, text.len};
	fuzz_check(opens(&openers, &place, sealed, args));
	fuzz_check(!opens(&others, &place, sealed, args));
	fuzz_check(opens(&openers, &(struct seal_place){other, id, type}, sealed, args) ==
	           !strcmp(other, queue));
	fuzz_check(opens(&openers, &(struct seal_place){queue, other, type}, sealed, args) ==
	           !strcmp(other, id));
	fuzz_check(opens(&openers, &(struct seal_place){queue, id, other}, sealed, args) ==
	           !strcmp(other, type));
	alter(&text, where, by);
	fuzz_check(!opens(&openers, &place, (struct span){text.data, text.len}, args));
	fuzz_check(!opens(&openers, &place, args, args)); /* any text at all */
	buf_finish(&text);
}

static void check_sign(struct fuzz_input *in)
{
	size_t where = fuzz_u16(in);
	uint8_t by = fuzz_u8(in);
	cleanup_free char *queue = name_from(in), *other = name_from(in);
	struct span body = fuzz_rest(in);
	char text[SIGN_TEXT_SIZE];
	const struct key *k = &signers.keys[0];
	sign_job(k, queue, body, text);
	fuzz_check(strlen(text) == SIGN_TEXT_SIZE - 1 && sign_check(k, queue, body, span_of(text)));
	fuzz_check(!sign_check(&strangers.keys[0], queue, body, span_of(text)));
	fuzz_check(sign_check(k, other, body, span_of(text)) == !strcmp(queue, other));
	fuzz_check(!sign_check(k, queue, body, body)); /* any text at all */
	struct buf altered = {0};
	buf_append(&altered, body.at, body.len);
	alter(&altered, where, by);
	if (body.len > 0)
		fuzz_check(
		    !sign_check(k, queue, (struct span){altered.data, altered.len}, span_of(text)));
	buf_clear(&altered);
	buf_append_text(&altered, text);
	alter(&altered, where, by);
	fuzz_check(!sign_check(k, queue, body, (struct span){altered.data, altered.len}));
	buf_finish(&altered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	make_keys();
	if (fuzz_u8(&in) % 2)
		check_seal(&in);
	else
		check_sign(&in);
	return 0;
}
