/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads texts of keys. What is read can be written and read again, and no message holds a byte of a
 * secret.
 */
#include <stdlib.h>
#include <string.h>

#include "common/job/job.h"
#include "common/job/keys.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/printable.h"

static void check_again(const struct key *k, bool public_half)
{
	struct buf text = {0};
	struct keyring again;
	struct error err = {0};
	key_write(k, public_half, &text);
	fuzz_check(
	    keyring_read(&again, KEY_ANY, (struct span){text.data, text.len}, "again", &err) == 0);
	fuzz_check(again.count == 1 && strcmp(again.keys[0].kid, k->kid) == 0);
	fuzz_check(memcmp(again.keys[0].public_half, k->public_half, KEY_SIZE) == 0);
	fuzz_check(key_kind_secret(again.keys[0].kind) ==
	           (key_kind_secret(k->kind) && !public_half));
	keyring_finish(&again);
	buf_wipe(&text);
}

static void check_ring(const struct keyring *r, enum key_kind wanted)
{
	fuzz_check(r->count > 0 && r->count <= KEYS_MAX);
	for (size_t i = 0; i < r->count; i++) {
		const struct key *k = &r->keys[i];
		fuzz_check(key_id_valid(span_of(k->kid)));
		fuzz_check(wanted == KEY_ANY || k->kind == wanted);
		fuzz_check(!k->secret == !key_kind_secret(k->kind));
		fuzz_check(keyring_find(r, span_of(k->kid)) == k);
		check_again(k, true);
		if (k->secret)
			check_again(k, false);
	}
}

/*
 * Checks that a word as long as a key's text is not in the message. A kid may be, which is no
 * secret.
 */
static void check_message(const struct error *err, struct span text)
{
	size_t len = strlen(err->text);
	fuzz_check(err->kind == ERROR_CONFIG && len > 0);
	fuzz_check(printable_offender(err->text, len, "") == NULL);
	for (size_t at = 0, word; at < text.len; at += word + 1) {
		for (word = 0; at + word < text.len && !strchr(" \t\r\n", text.at[at + word]);)
			word++;
		bool kid = key_id_valid((struct span){text.at + at, word});
		fuzz_check(word < 40 || kid || !memmem(err->text, len, text.at + at, word));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	enum key_kind wanted = (enum key_kind)(fuzz_u8(&in) % (KEY_ANY + 1));
	struct span text = fuzz_rest(&in);
	struct keyring r;
	struct error err = {0};
	if (keyring_read(&r, wanted, text, "file", &err) == 0)
		check_ring(&r, wanted);
	else
		check_message(&err, text);
	keyring_finish(&r);
	return 0;
}
