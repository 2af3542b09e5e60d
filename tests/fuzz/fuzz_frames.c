/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds any frames in any order on several channels to the assembler, against a model that keeps
 * what each channel has got so far. Known methods are built. Others and all properties are decoded
 * from raw bytes.
 */
#include <amqp.h>
#include <amqp_framing.h>
#include <stdlib.h>

#include "common/amqp/assembler.h"
#include "common/base/memory.h"
#include "tests/fuzz/fuzz.h"

enum { NESTING_MAX = 200, CHANNELS = ASSEMBLER_CHANNELS };

struct content {
	enum broker_event_kind kind; /* BROKER_NOTHING if none is under way */
	uint64_t tag;
	bool header_seen;
	uint64_t body_size;
	struct buf body;
};

struct model {
	struct assembler *assembler;
	struct content content[CHANNELS];
	amqp_pool_t pool;
	bool over;
};

static amqp_bytes_t bytes_of(struct span s)
{
	return (amqp_bytes_t){s.len, (void *)(uintptr_t)s.at};
}

static void begin(struct content *c, enum broker_event_kind kind, uint64_t tag)
{
	buf_finish(&c->body);
	*c = (struct content){.kind = kind, .tag = tag};
}

static bool whole(const struct content *c)
{
	return c->kind != BROKER_NOTHING && c->header_seen && c->body.len == c->body_size;
}

static bool cut_of(struct span sent, const char *got, size_t size)
{
	size_t len = sent.len < size - 1 ? sent.len : size - 1;
	return memcmp(sent.at, got, len) == 0 && got[len] == 0;
}

/* Checks that the content that is complete now is what came out. */
static void check_whole(struct model *m, int channel, struct broker_event *e)
{
	struct content *c = &m->content[channel];
	fuzz_check(e->kind == c->kind && e->channel == channel && e->tag == c->tag);
	fuzz_check(e->message && e->message->body_len == c->body.len);
	fuzz_check(c->body.len == 0 || memcmp(e->message->body, c->body.data, c->body.len) == 0);
	fuzz_check(e->message->body[c->body.len] == 0);
	begin(c, BROKER_NOTHING, 0);
}

/* Feeds one frame. expected is 1, 0 or -1. */
static void feed(struct model *m, const amqp_frame_t *f, int expected, struct broker_event *e)
{
	struct error err = {0};
	*e = (struct broker_event){.kind = BROKER_NOTHING};
	int rc = assembler_feed(m->assembler, f, e, &err);
	fuzz_check(rc == expected);
	if (rc < 0) {
		fuzz_check(err.kind == ERROR_UNAVAILABLE && err.text[0]);
		m->over = true;
	}
}

static amqp_frame_t method(int channel, amqp_method_number_t id, void *decoded)
{
	return (amqp_frame_t){.frame_type = AMQP_FRAME_METHOD,
	                      .channel = (amqp_channel_t)channel,
	                      .payload.method = {.id = id, .decoded = decoded}};
}

static void feed_content_method(struct model *m, int channel, struct fuzz_input *in, bool deliver)
{
	struct broker_event e;
	struct content *c = &m->content[channel];
	struct span text = fuzz_bytes(in, fuzz_u8(in));
	amqp_basic_deliver_t d = {.consumer_tag = bytes_of(text),
	                          .delivery_tag = fuzz_u8(in),
	                          .routing_key = bytes_of(text)};
	amqp_basic_return_t r = {
	    .reply_code = 312, .reply_text = bytes_of(text), .exchange = bytes_of(text)};
	amqp_frame_t f = deliver ? method(channel, AMQP_BASIC_DELIVER_METHOD, &d)
	                         : method(channel, AMQP_BASIC_RETURN_METHOD, &r);
	feed(m, &f, c->kind == BROKER_NOTHING ? 0 : -1, &e);
	if (!m->over)
		begin(c, deliver ? BROKER_DELIVERY : BROKER_RETURNED, deliver ? d.delivery_tag : 0);
}

static void feed_header(struct model *m, int channel, struct fuzz_input *in, uint8_t form)
{
	struct broker_event e;
	struct content *c = &m->content[channel];
	uint16_t class_id = form % 16 == 1 ? (uint16_t)(fuzz_u8(in) % 10 * 10) : AMQP_BASIC_CLASS;
	uint64_t size = form % 16 == 2 ? (uint64_t)ASSEMBLER_BODY_MAX + 1 + fuzz_u64(in) % 1024
	                               : fuzz_u8(in) % 64;
	amqp_frame_t f = {.frame_type = AMQP_FRAME_HEADER, .channel = (amqp_channel_t)channel};
	struct span raw = fuzz_bytes(in, fuzz_u16(in) % 512);
	f.payload.properties.class_id = class_id;
	f.payload.properties.body_size = size;
	if (amqp_decode_properties(class_id, &m->pool, bytes_of(raw),
	                           &f.payload.properties.decoded) != 0)
		return; /* the library ends the connection */
	bool fits = c->kind != BROKER_NOTHING && !c->header_seen && class_id == AMQP_BASIC_CLASS &&
	            size <= ASSEMBLER_BODY_MAX;
	if (fits) {
		c->header_seen = true;
		c->body_size = size;
	}
	feed(m, &f, !fits ? -1 : whole(c) ? 1 : 0, &e);
	if (e.message) {
		const amqp_basic_properties_t *p = f.payload.properties.decoded;
		bool has_id = p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG;
		fuzz_check(has_id == (e.message->message_id != NULL));
		fuzz_check(e.message->timestamp_s >= -1);
		check_whole(m, channel, &e);
		message_destroy(e.message);
	}
}

static void feed_body(struct model *m, int channel, struct fuzz_input *in)
{
	struct broker_event e;
	struct content *c = &m->content[channel];
	struct span part = fuzz_bytes(in, fuzz_u8(in) % 64);
	amqp_frame_t f = {.frame_type = AMQP_FRAME_BODY, .channel = (amqp_channel_t)channel};
	f.payload.body_fragment = bytes_of(part);
	bool fits =
	    c->kind != BROKER_NOTHING && c->header_seen && part.len <= c->body_size - c->body.len;
	if (fits)
		buf_append(&c->body, part.at, part.len);
	feed(m, &f, !fits ? -1 : whole(c) ? 1 : 0, &e);
	if (e.message) {
		check_whole(m, channel, &e);
		message_destroy(e.message);
	}
}

static void feed_answer(struct model *m, int channel, struct fuzz_input *in, bool ack)
{
	struct broker_event e;
	amqp_basic_ack_t a = {.delivery_tag = fuzz_u64(in), .multiple = fuzz_u8(in) & 1};
	amqp_basic_nack_t n = {.delivery_tag = a.delivery_tag, .multiple = a.multiple};
	amqp_frame_t f = ack ? method(channel, AMQP_BASIC_ACK_METHOD, &a)
	                     : method(channel, AMQP_BASIC_NACK_METHOD, &n);
	feed(m, &f, 1, &e);
	fuzz_check(e.kind == (ack ? BROKER_ACKED : BROKER_NACKED) && e.tag == a.delivery_tag);
	fuzz_check(e.multiple == (a.multiple != 0) && e.channel == channel && !e.message);
}

static void feed_news(struct model *m, int channel, struct fuzz_input *in, uint8_t which)
{
	struct broker_event e;
	struct span text = fuzz_bytes(in, fuzz_u16(in) % 400);
	amqp_basic_cancel_t cancel = {.consumer_tag = bytes_of(text)};
	amqp_channel_close_t close = {.reply_code = fuzz_u16(in), .reply_text = bytes_of(text)};
	amqp_connection_blocked_t blocked = {.reason = bytes_of(text)};
	amqp_connection_unblocked_t unblocked = {0};
	const struct {
		amqp_method_number_t id;
		void *decoded;
		enum broker_event_kind kind;
	} news[] = {{AMQP_BASIC_CANCEL_METHOD, &cancel, BROKER_CONSUMER_GONE},
	            {AMQP_CHANNEL_CLOSE_METHOD, &close, BROKER_CHANNEL_CLOSED},
	            {AMQP_CONNECTION_BLOCKED_METHOD, &blocked, BROKER_BLOCKED},
	            {AMQP_CONNECTION_UNBLOCKED_METHOD, &unblocked, BROKER_UNBLOCKED}};
	which %= sizeof news / sizeof *news;
	amqp_frame_t f = method(channel, news[which].id, news[which].decoded);
	feed(m, &f, 1, &e);
	fuzz_check(e.kind == news[which].kind && e.channel == channel && !e.message);
	if (which == 0)
		fuzz_check(cut_of(text, e.consumer_tag, sizeof e.consumer_tag));
	if (which == 1 || which == 2)
		fuzz_check(cut_of(text, e.text, sizeof e.text));
	if (which == 1)
		begin(&m->content[channel], BROKER_NOTHING, 0);
}

/*
 * Feeds a method that is not among the ones above, from raw bytes. It may be anything but content.
 */
static void feed_raw_method(struct model *m, int channel, struct fuzz_input *in)
{
	static const amqp_method_number_t ids[] = {
	    AMQP_QUEUE_DECLARE_OK_METHOD, AMQP_BASIC_CONSUME_OK_METHOD,
	    AMQP_BASIC_QOS_OK_METHOD,     AMQP_CHANNEL_FLOW_METHOD,
	    AMQP_BASIC_GET_OK_METHOD,     AMQP_CONNECTION_START_METHOD,
	    AMQP_CONNECTION_TUNE_METHOD,  AMQP_CHANNEL_OPEN_OK_METHOD};
	struct broker_event e;
	void *decoded = NULL;
	amqp_method_number_t id = ids[fuzz_u8(in) % (sizeof ids / sizeof *ids)];
	if (amqp_decode_method(id, &m->pool, bytes_of(fuzz_bytes(in, fuzz_u8(in))), &decoded) != 0)
		return;
	amqp_frame_t f = method(channel, id, decoded);
	feed(m, &f, 0, &e);
}

static void feed_odd(struct model *m, int channel, struct fuzz_input *in)
{
	struct broker_event e;
	amqp_frame_t f = {.frame_type = AMQP_FRAME_HEARTBEAT, .channel = (amqp_channel_t)channel};
	bool beyond = fuzz_u8(in) & 1;
	if (beyond) {
		f.frame_type = AMQP_FRAME_BODY;
		f.channel = (amqp_channel_t)(CHANNELS + fuzz_u16(in) % (65536 - CHANNELS));
	}
	feed(m, &f, beyond ? -1 : 0, &e);
}

static void step(struct model *m, struct fuzz_input *in)
{
	uint8_t op = fuzz_u8(in), form = fuzz_u8(in);
	int channel = form >= 252 ? fuzz_u8(in) % CHANNELS : form % 3 + 1;
	switch (op % 12) {
	case 0:
	case 1:
		feed_content_method(m, channel, in, op % 12 == 0);
		break;
	case 2:
	case 3:
		feed_header(m, channel, in, form);
		break;
	case 4:
	case 5:
		feed_body(m, channel, in);
		break;
	case 6:
	case 7:
		feed_answer(m, channel, in, op % 12 == 6);
		break;
	case 8:
		feed_news(m, channel, in, form / 4);
		break;
	case 9:
		feed_raw_method(m, channel, in);
		break;
	case 10:
		feed_odd(m, channel, in);
		break;
	case 11:
		assembler_forget(m->assembler, channel);
		begin(&m->content[channel], BROKER_NOTHING, 0);
		break;
	}
}

/*
 * Returns true if so many tables and arrays are open that the library's recursion would be under
 * test, not our code.
 */
static bool nests_deeply(const uint8_t *data, size_t size)
{
	size_t may_open = 0;
	for (size_t i = 0; i < size; i++)
		may_open += data[i] == 'F' || data[i] == 'A';
	return may_open > NESTING_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (nests_deeply(data, size))
		return 0;
	struct fuzz_input in = {data, size};
	struct model m = {.assembler = assembler_create()};
	init_amqp_pool(&m.pool, 4096);
	while (in.left > 0 && !m.over)
		step(&m, &in);
	for (int i = 0; i < CHANNELS; i++)
		buf_finish(&m.content[i].body);
	assembler_destroy(m.assembler);
	empty_amqp_pool(&m.pool);
	return 0;
}
