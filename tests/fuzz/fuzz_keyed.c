/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_keyed.h"

#include <string.h>

#include "common/base/base64.h"
#include "tests/fuzz/fuzz.h"

struct keyring fuzz_keyring(enum key_kind kind, const char *kid, unsigned char number)
{
	char bytes[KEY_SIZE];
	struct keyring r;
	struct buf text = {0};
	struct error err = {0};
	memset(bytes, number, sizeof bytes);
	buf_printf(&text, "%s %s ", kid, key_kind_name(kind));
	base64_encode(&text, (struct span){bytes, sizeof bytes});
	fuzz_check(keyring_read(&r, kind, (struct span){text.data, text.len}, "fuzz", &err) == 0);
	buf_finish(&text);
	return r;
}
