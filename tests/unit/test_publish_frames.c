/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the frames of a publish as AMQP 0-9-1 (2.3.5, 4.2) has them, taken apart by hand. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/publish_frames.h"
#include "tests/unit/suites.h"

enum { FRAME_MAX = 4096, HEADER_MAX = 2048 };

struct frame {
	int type, channel;
	struct span payload;
};

/* Returns the frame at *at, and moves *at behind it. */
static struct frame next_frame(const struct buf *out, size_t *at)
{
	const char *p = out->data + *at;
	uint16_t channel;
	uint32_t len;
	ck_assert_uint_ge(out->len - *at, 8);
	memcpy(&channel, p + 1, sizeof channel);
	memcpy(&len, p + 3, sizeof len);
	len = be32toh(len);
	ck_assert_uint_le(8 + (size_t)len, out->len - *at);
	ck_assert_uint_le(8 + (size_t)len, FRAME_MAX);
	ck_assert_int_eq((unsigned char)p[7 + len], 0xce);
	*at += 8 + (size_t)len;
	return (struct frame){p[0], be16toh(channel), {p + 7, len}};
}

static bool append(struct buf *out, struct span body, const char *id, size_t header_max)
{
	const amqp_basic_publish_t method = {.exchange = amqp_cstring_bytes("x"),
	                                     .routing_key = amqp_cstring_bytes("key"),
	                                     .mandatory = 1};
	const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_MESSAGE_ID_FLAG,
	                                            .message_id = amqp_cstring_bytes(id)};
	return publish_frames_append(out, 258, &method, &properties, header_max, body, FRAME_MAX);
}

static void assert_bytes(struct span got, const char *want, size_t len)
{
	ck_assert_uint_eq(got.len, len);
	ck_assert(memcmp(got.at, want, len) == 0);
}

START_TEST(a_publish_is_a_method_a_header_and_a_body)
{
	static const char method[] = "\0\x3c\0\x28\0\0\1x\3key\1",
	                  header[] = "\0\x3c\0\0\0\0\0\0\0\0\0\4\0\x80\2id";
	struct buf out = {0};
	size_t at = 0;
	buf_append_text(&out, "before");
	at = out.len;
	ck_assert(append(&out, span_of("body"), "id", HEADER_MAX));
	struct frame f = next_frame(&out, &at);
	ck_assert_int_eq(f.type, AMQP_FRAME_METHOD);
	ck_assert_int_eq(f.channel, 258);
	assert_bytes(f.payload, method, sizeof method - 1);
	f = next_frame(&out, &at);
	ck_assert_int_eq(f.type, AMQP_FRAME_HEADER);
	assert_bytes(f.payload, header, sizeof header - 1);
	f = next_frame(&out, &at);
	ck_assert_int_eq(f.type, AMQP_FRAME_BODY);
	assert_bytes(f.payload, "body", 4);
	ck_assert_uint_eq(at, out.len);
	buf_finish(&out);
}
END_TEST

START_TEST(a_body_takes_as_many_frames_as_it_needs)
{
	static const size_t lengths[] = {
	    0, 1, FRAME_MAX - 8, FRAME_MAX - 7, 3 * (FRAME_MAX - 8), 3 * (FRAME_MAX - 8) + 1};
	static const size_t frames[] = {0, 1, 1, 2, 3, 4};
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct buf out = {0}, body = {0}, joined = {0};
		size_t at = 0, count = 0;
		for (size_t n = 0; n < lengths[i]; n++)
			buf_append(&body, &"0123456789"[n % 7], 1);
		ck_assert(append(&out, (struct span){body.data, body.len}, "id", HEADER_MAX));
		next_frame(&out, &at);
		next_frame(&out, &at);
		for (; at < out.len; count++) {
			struct frame f = next_frame(&out, &at);
			ck_assert_int_eq(f.type, AMQP_FRAME_BODY);
			buf_append(&joined, f.payload.at, f.payload.len);
		}
		ck_assert_uint_eq(count, frames[i]);
		ck_assert_uint_eq(joined.len, body.len);
		ck_assert(body.len == 0 || memcmp(joined.data, body.data, body.len) == 0);
		buf_finish(&out);
		buf_finish(&body);
		buf_finish(&joined);
	}
}
END_TEST

START_TEST(what_does_not_fit_leaves_nothing)
{
	struct buf out = {0};
	buf_append_text(&out, "before");
	ck_assert(!append(&out, span_of("body"), "an id that is longer than twenty bytes", 20));
	ck_assert_uint_eq(out.len, 6);
	ck_assert(append(&out, span_of("body"), "id", 20));
	buf_finish(&out);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_publish_is_a_method_a_header_and_a_body,
	                              a_body_takes_as_many_frames_as_it_needs,
	                              what_does_not_fit_leaves_nothing, NULL};
	SRunner *r = srunner_create(suite_of("publish_frames", tests));
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
