/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/assembler.h"

#include <amqp_framing.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/amqp_table.h"
#include "common/base/memory.h"

/* A delivery or a return whose header or body frames have not all arrived. */
struct partial {
	bool active, header_seen;
	size_t body_size;
	struct broker_event event;
};

struct assembler {
	struct partial partial[ASSEMBLER_CHANNELS];
};

struct assembler *assembler_create(void)
{
	return xcalloc(1, sizeof(struct assembler));
}

void assembler_destroy(struct assembler *a)
{
	if (!a)
		return;
	for (int i = 0; i < ASSEMBLER_CHANNELS; i++)
		assembler_forget(a, i);
	free(a);
}

void assembler_forget(struct assembler *a, int channel)
{
	message_destroy(a->partial[channel].event.message);
	a->partial[channel] = (struct partial){0};
}

static int does_not_fit(struct error *err, const char *what)
{
	return error_set(err, ERROR_UNAVAILABLE, "the broker sent a %s that does not fit", what);
}

/*
 * If a delivery starts before the previous one is complete, the connection is dropped. Otherwise
 * the first would be forgotten here, and the broker would wait for its ack for ever.
 */
static int start_partial(struct assembler *a, int channel, struct broker_event event,
                         struct error *err)
{
	struct partial *p = &a->partial[channel];
	if (p->active)
		return does_not_fit(err, "delivery");
	*p = (struct partial){.active = true, .event = event};
	p->event.channel = channel;
	p->event.message = message_create();
	return 0;
}

static int on_deliver(struct assembler *a, int channel, const amqp_basic_deliver_t *d,
                      struct error *err)
{
	struct broker_event e = {
	    .kind = BROKER_DELIVERY, .tag = d->delivery_tag, .redelivered = d->redelivered != 0};
	amqp_bytes_into(d->consumer_tag, e.consumer_tag, sizeof e.consumer_tag);
	amqp_bytes_into(d->routing_key, e.routing_key, sizeof e.routing_key);
	amqp_bytes_into(d->exchange, e.exchange, sizeof e.exchange);
	return start_partial(a, channel, e, err);
}

static int on_return(struct assembler *a, int channel, const amqp_basic_return_t *r,
                     struct error *err)
{
	struct broker_event e = {.kind = BROKER_RETURNED, .code = r->reply_code};
	amqp_bytes_into(r->routing_key, e.routing_key, sizeof e.routing_key);
	amqp_bytes_into(r->exchange, e.exchange, sizeof e.exchange);
	amqp_bytes_into(r->reply_text, e.text, sizeof e.text);
	return start_partial(a, channel, e, err);
}

static char *property(const amqp_basic_properties_t *p, amqp_flags_t flag, amqp_bytes_t bytes)
{
	return p->_flags & flag ? amqp_bytes_text(bytes) : NULL;
}

static void read_properties(const amqp_basic_properties_t *p, struct message *m)
{
	m->content_type = property(p, AMQP_BASIC_CONTENT_TYPE_FLAG, p->content_type);
	m->message_id = property(p, AMQP_BASIC_MESSAGE_ID_FLAG, p->message_id);
	m->type = property(p, AMQP_BASIC_TYPE_FLAG, p->type);
	m->app_id = property(p, AMQP_BASIC_APP_ID_FLAG, p->app_id);
	m->reply_to = property(p, AMQP_BASIC_REPLY_TO_FLAG, p->reply_to);
	m->correlation_id = property(p, AMQP_BASIC_CORRELATION_ID_FLAG, p->correlation_id);
	if (p->_flags & AMQP_BASIC_TIMESTAMP_FLAG && p->timestamp <= INT64_MAX / 1000)
		m->timestamp_s = (int64_t)p->timestamp;
	if (p->_flags & AMQP_BASIC_HEADERS_FLAG)
		amqp_table_read(&p->headers, &m->headers);
}

static int on_header(struct assembler *a, const amqp_frame_t *f, struct error *err)
{
	struct partial *p = &a->partial[f->channel];
	/* The properties of another class are another struct. */
	if (!p->active || p->header_seen || f->payload.properties.class_id != AMQP_BASIC_CLASS ||
	    f->payload.properties.body_size > ASSEMBLER_BODY_MAX)
		return does_not_fit(err, "content header");
	p->header_seen = true;
	p->body_size = (size_t)f->payload.properties.body_size;
	read_properties(f->payload.properties.decoded, p->event.message);
	p->event.message->body = xcalloc(1, p->body_size + 1);
	return 0;
}

static int on_body(struct assembler *a, const amqp_frame_t *f, struct error *err)
{
	struct partial *p = &a->partial[f->channel];
	amqp_bytes_t part = f->payload.body_fragment;
	if (!p->active || !p->header_seen || part.len > p->body_size - p->event.message->body_len)
		return does_not_fit(err, "body frame");
	if (part.len)
		memcpy(p->event.message->body + p->event.message->body_len, part.bytes, part.len);
	p->event.message->body_len += part.len;
	return 0;
}

/* Moves the event to *e and returns true if the content is whole. */
static bool take_whole(struct assembler *a, int channel, struct broker_event *e)
{
	struct partial *p = &a->partial[channel];
	if (!p->active || !p->header_seen || p->event.message->body_len < p->body_size)
		return false;
	*e = p->event;
	*p = (struct partial){0};
	return true;
}

static void on_channel_close(struct assembler *a, int channel, const amqp_channel_close_t *c,
                             struct broker_event *e)
{
	e->kind = BROKER_CHANNEL_CLOSED;
	e->code = c->reply_code;
	amqp_bytes_into(c->reply_text, e->text, sizeof e->text);
	assembler_forget(a, channel);
}

/* Returns what assembler_feed returns. */
static int on_method(struct assembler *a, const amqp_frame_t *f, struct broker_event *e,
                     struct error *err)
{
	int channel = f->channel;
	void *decoded = f->payload.method.decoded;
	*e = (struct broker_event){.channel = channel};
	switch (f->payload.method.id) {
	case AMQP_BASIC_DELIVER_METHOD:
		return on_deliver(a, channel, decoded, err);
	case AMQP_BASIC_RETURN_METHOD:
		return on_return(a, channel, decoded, err);
	case AMQP_BASIC_ACK_METHOD:
		e->kind = BROKER_ACKED;
		e->tag = ((amqp_basic_ack_t *)decoded)->delivery_tag;
		e->multiple = ((amqp_basic_ack_t *)decoded)->multiple != 0;
		return 1;
	case AMQP_BASIC_NACK_METHOD:
		e->kind = BROKER_NACKED;
		e->tag = ((amqp_basic_nack_t *)decoded)->delivery_tag;
		e->multiple = ((amqp_basic_nack_t *)decoded)->multiple != 0;
		return 1;
	case AMQP_BASIC_CANCEL_METHOD:
		e->kind = BROKER_CONSUMER_GONE;
		amqp_bytes_into(((amqp_basic_cancel_t *)decoded)->consumer_tag, e->consumer_tag,
		                sizeof e->consumer_tag);
		return 1;
	case AMQP_CHANNEL_CLOSE_METHOD:
		on_channel_close(a, channel, decoded, e);
		return 1;
	case AMQP_CONNECTION_BLOCKED_METHOD:
		e->kind = BROKER_BLOCKED;
		amqp_bytes_into(((amqp_connection_blocked_t *)decoded)->reason, e->text,
		                sizeof e->text);
		return 1;
	case AMQP_CONNECTION_UNBLOCKED_METHOD:
		e->kind = BROKER_UNBLOCKED;
		return 1;
	default:
		/* a late answer to a call that had timed out, or a method that nobody needs */
		return 0;
	}
}

int assembler_feed(struct assembler *a, const amqp_frame_t *f, struct broker_event *e,
                   struct error *err)
{
	if (f->channel >= ASSEMBLER_CHANNELS)
		return error_set(err, ERROR_UNAVAILABLE,
		                 "the broker used a channel that was never opened");
	switch (f->frame_type) {
	case AMQP_FRAME_METHOD:
		return on_method(a, f, e, err);
	case AMQP_FRAME_HEADER:
		if (on_header(a, f, err) < 0)
			return -1;
		return take_whole(a, f->channel, e);
	case AMQP_FRAME_BODY:
		if (on_body(a, f, err) < 0)
			return -1;
		return take_whole(a, f->channel, e);
	default:
		return 0;
	}
}
