/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/publish_frames.h"

#include <endian.h>

enum {
	FRAME_HEAD = 7, /* type, channel, length of the payload */
	FRAME_OVERHEAD = FRAME_HEAD + 1,
	METHOD_MAX = 4 + 2 + 256 + 256 + 1,
	CONTENT_HEAD = 2 + 2 + 8, /* class, weight, length of the body */
};

static void put_head(char *at, int type, int channel, size_t payload)
{
	uint16_t number = htobe16((uint16_t)channel);
	uint32_t len = htobe32((uint32_t)payload);
	at[0] = (char)type;
	memcpy(at + 1, &number, sizeof number);
	memcpy(at + 3, &len, sizeof len);
}

/* Completes a frame whose payload stands in out already, from start + FRAME_HEAD on. */
static bool close_frame(struct buf *out, size_t start, int type, int channel)
{
	const char end = (char)AMQP_FRAME_END;
	put_head(out->data + start, type, channel, out->len - start - FRAME_HEAD);
	return buf_append(out, &end, 1);
}

static bool append_method(struct buf *out, int channel, const amqp_basic_publish_t *method)
{
	size_t start = out->len;
	uint32_t id = htobe32(AMQP_BASIC_PUBLISH_METHOD);
	char *at = buf_extend(out, FRAME_HEAD + METHOD_MAX);
	if (!at)
		return false;
	memcpy(at + FRAME_HEAD, &id, sizeof id);
	int len =
	    amqp_encode_method(AMQP_BASIC_PUBLISH_METHOD, (void *)method,
	                       (amqp_bytes_t){METHOD_MAX - sizeof id, at + FRAME_HEAD + sizeof id});
	if (len < 0)
		return false;
	out->len += FRAME_HEAD + sizeof id + (size_t)len;
	return close_frame(out, start, AMQP_FRAME_METHOD, channel);
}

static bool append_header(struct buf *out, int channel, const amqp_basic_properties_t *properties,
                          size_t header_max, size_t body_len)
{
	size_t start = out->len;
	uint16_t class = htobe16(AMQP_BASIC_CLASS);
	uint64_t size = htobe64(body_len);
	char *at = buf_extend(out, FRAME_HEAD + CONTENT_HEAD + header_max);
	if (!at)
		return false;
	at += FRAME_HEAD;
	memset(at, 0, CONTENT_HEAD);
	memcpy(at, &class, sizeof class);
	memcpy(at + 4, &size, sizeof size);
	int len = amqp_encode_properties(AMQP_BASIC_CLASS, (void *)properties,
	                                 (amqp_bytes_t){header_max, at + CONTENT_HEAD});
	if (len < 0)
		return false;
	out->len += FRAME_HEAD + CONTENT_HEAD + (size_t)len;
	return close_frame(out, start, AMQP_FRAME_HEADER, channel);
}

static bool append_body(struct buf *out, int channel, struct span body, size_t payload_max)
{
	for (size_t at = 0; at < body.len;) {
		size_t start = out->len,
		       len = body.len - at < payload_max ? body.len - at : payload_max;
		char *room = buf_extend(out, FRAME_HEAD + len);
		if (!room)
			return false;
		memcpy(room + FRAME_HEAD, body.at + at, len);
		out->len += FRAME_HEAD + len;
		if (!close_frame(out, start, AMQP_FRAME_BODY, channel))
			return false;
		at += len;
	}
	return true;
}

bool publish_frames_append(struct buf *out, int channel, const amqp_basic_publish_t *method,
                           const amqp_basic_properties_t *properties, size_t header_max,
                           struct span body, size_t frame_max)
{
	size_t before = out->len;
	if (append_method(out, channel, method) &&
	    append_header(out, channel, properties, header_max, body.len) &&
	    append_body(out, channel, body, frame_max - FRAME_OVERHEAD))
		return true;
	out->len = before;
	out->failed = false;
	return false;
}
