/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/sign.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/base/base64.h"

static struct buf signed_bytes(const char *amqp_queue, struct span body)
{
	struct buf b = {0};
	buf_append_text(&b, "warren signed job 1\n");
	buf_append_text(&b, amqp_queue);
	buf_append_text(&b, "\n");
	if (!buf_append(&b, body.at ? body.at : "", body.len))
		abort(); /* memory is exhausted */
	return b;
}

char *sign_job(const struct key *k, const char *amqp_queue, struct span body,
               char out[static SIGN_TEXT_SIZE])
{
	unsigned char signature[crypto_sign_BYTES];
	struct buf b = signed_bytes(amqp_queue, body);
	crypto_sign_detached(signature, NULL, (const unsigned char *)b.data, b.len, k->secret);
	buf_finish(&b);
	return sodium_bin2base64(out, SIGN_TEXT_SIZE, signature, sizeof signature,
	                         sodium_base64_VARIANT_ORIGINAL);
}

bool sign_check(const struct key *k, const char *amqp_queue, struct span body, struct span text)
{
	unsigned char signature[crypto_sign_BYTES];
	size_t len;
	if (!base64_is_plain(text) ||
	    sodium_base642bin(signature, sizeof signature, text.at, text.len, NULL, &len, NULL,
	                      sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	if (len != sizeof signature)
		return false;
	struct buf b = signed_bytes(amqp_queue, body);
	bool ok = crypto_sign_verify_detached(signature, (const unsigned char *)b.data, b.len,
	                                      k->public_half) == 0;
	buf_finish(&b);
	return ok;
}
