/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/seal.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/base/base64.h"
#include "common/job/hpke.h"
#include "common/base/memory.h"

static struct span info(void)
{
	return span_of("warren sealed args 1");
}

static char *name_of(const struct seal_place *p)
{
	return xprintf("%s\n%s\n%s", p->amqp_queue, p->id, p->type);
}

void seal_args(const struct key *to, const struct seal_place *place, struct span args,
               struct buf *text)
{
	cleanup_free char *name = name_of(place);
	size_t len = args.len + HPKE_OVERHEAD,
	       size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	cleanup_free unsigned char *sealed = xcalloc(len, 1);
	cleanup_free char *encoded = xcalloc(size, 1);
	if (!hpke_seal(to->public_half, NULL, (struct hpke_bond){info(), span_of(name)}, args,
	               sealed))
		abort(); /* keyring_read takes no such key */
	sodium_bin2base64(encoded, size, sealed, len, sodium_base64_VARIANT_ORIGINAL);
	if (!buf_append_text(text, encoded))
		abort(); /* memory is exhausted */
}

/* Returns the bytes of the text, or NULL if it is no base64 or too short for a sealed message. */
static unsigned char *decode(struct span text, size_t *len)
{
	unsigned char *bytes = xcalloc(text.len / 4 + 1, 3);
	bool ok = base64_is_plain(text) &&
	          sodium_base642bin(bytes, (text.len / 4 + 1) * 3, text.at, text.len, NULL, len,
	                            NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
	if (ok && *len >= HPKE_OVERHEAD)
		return bytes;
	free(bytes);
	return NULL;
}

bool seal_open(const struct key *with, const struct seal_place *place, struct span text,
               struct buf *args)
{
	size_t len;
	cleanup_free char *name = name_of(place);
	cleanup_free unsigned char *sealed = decode(text, &len);
	if (!sealed)
		return false;
	unsigned char *plain = xcalloc(len - HPKE_OVERHEAD + 1, 1);
	bool ok =
	    hpke_open(with->secret, with->public_half, (struct hpke_bond){info(), span_of(name)},
	              (struct span){(const char *)sealed, len}, plain);
	if (ok && !buf_append(args, plain, len - HPKE_OVERHEAD))
		abort(); /* memory is exhausted */
	sodium_memzero(plain, len - HPKE_OVERHEAD);
	free(plain);
	return ok;
}
