/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing, with one write for a burst of publishes. */
#include <amqp.h>
#include <amqp_framing.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "common/amqp/amqp_table.h"
#include "common/amqp/broker.h"
#include "common/amqp/broker_internal.h"
#include "common/amqp/publish_frames.h"

/* How many bytes of publishes are gathered before they are written. */
enum { OUT_MAX = 64 * 1024 };

static bool short_enough(const char *text)
{
	return !text || strlen(text) <= 255;
}

static bool publishable(const struct broker *b, const char *exchange, const char *key,
                        const struct message *m, struct error *err)
{
	if (!short_enough(exchange) || !short_enough(key) || !short_enough(m->content_type) ||
	    !short_enough(m->message_id) || !short_enough(m->type) || !short_enough(m->app_id) ||
	    !short_enough(m->reply_to) || !short_enough(m->correlation_id))
		return error_set(err, ERROR_DATA, "a property of the message is over 255 bytes"),
		       false;
	size_t size = message_header_size(m);
	if (size > broker_header_max(b))
		return error_set(err, ERROR_DATA,
		                 "the message's headers take %zu bytes; %zu fit into a frame", size,
		                 broker_header_max(b)),
		       false;
	return true;
}

static void set_property(amqp_basic_properties_t *p, amqp_flags_t flag, amqp_bytes_t *field,
                         const char *text)
{
	if (!text)
		return;
	p->_flags |= flag;
	*field = amqp_cstring_bytes(text);
}

static amqp_basic_properties_t properties_of(const struct message *m, amqp_pool_t *pool)
{
	amqp_basic_properties_t p = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2};
	set_property(&p, AMQP_BASIC_CONTENT_TYPE_FLAG, &p.content_type, m->content_type);
	set_property(&p, AMQP_BASIC_MESSAGE_ID_FLAG, &p.message_id, m->message_id);
	set_property(&p, AMQP_BASIC_TYPE_FLAG, &p.type, m->type);
	set_property(&p, AMQP_BASIC_APP_ID_FLAG, &p.app_id, m->app_id);
	set_property(&p, AMQP_BASIC_REPLY_TO_FLAG, &p.reply_to, m->reply_to);
	set_property(&p, AMQP_BASIC_CORRELATION_ID_FLAG, &p.correlation_id, m->correlation_id);
	if (m->timestamp_s >= 0) {
		p._flags |= AMQP_BASIC_TIMESTAMP_FLAG;
		p.timestamp = (uint64_t)m->timestamp_s;
	}
	if (m->headers.count > 0) {
		p._flags |= AMQP_BASIC_HEADERS_FLAG;
		p.headers = amqp_table_view(&m->headers, pool);
	}
	return p;
}

/*
 * Waits for ever, as the library does, unless somebody shuts the socket down or the kernel gives
 * up.
 */
static int write_out(struct broker *b, struct error *err)
{
	int fd = broker_fd(b);
	for (size_t at = 0; at < b->out.len;) {
		ssize_t n = send(fd, b->out.data + at, b->out.len - at, MSG_NOSIGNAL);
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		if (n >= 0) {
			at += (size_t)n;
		} else if (errno == EAGAIN) {
			poll(&p, 1, -1);
		} else if (errno != EINTR) {
			error_set_errno(err, ERROR_UNAVAILABLE, errno, "basic.publish");
			return broker_break(b, err);
		}
	}
	buf_clear(&b->out);
	return 0;
}

/* Publishes by the library, because it does not lend its TLS connection. */
static int publish_alone(struct broker *b, int channel, const char *exchange, const char *key,
                         const amqp_basic_properties_t *p, struct span body, struct error *err)
{
	int status = amqp_basic_publish(b->conn, (amqp_channel_t)channel,
	                                amqp_cstring_bytes(exchange), amqp_cstring_bytes(key), 1, 0,
	                                p, (amqp_bytes_t){body.len, (void *)body.at});
	return status == AMQP_STATUS_OK ? 0 : broker_library_error(b, status, err, "basic.publish");
}

static int gather_publish(struct broker *b, int channel, const char *exchange, const char *key,
                          const amqp_basic_properties_t *p, size_t header_size, struct span body,
                          struct error *err)
{
	const amqp_basic_publish_t method = {.exchange = amqp_cstring_bytes(exchange),
	                                     .routing_key = amqp_cstring_bytes(key),
	                                     .mandatory = 1};
	bool large = body.len > OUT_MAX; /* gathering would hold it twice and save no write */
	if (large || !publish_frames_append(&b->out, channel, &method, p, header_size, body,
	                                    (size_t)amqp_get_frame_max(b->conn)))
		return write_out(b, err) < 0
		           ? -1
		           : publish_alone(b, channel, exchange, key, p, body, err);
	return b->gathering && b->out.len < OUT_MAX ? 0 : write_out(b, err);
}

int broker_publish(struct broker *b, int channel, const char *exchange, const char *key,
                   const struct message *m, uint64_t *tag, struct error *err)
{
	if (!publishable(b, exchange, key, m, err))
		return -1;
	amqp_pool_t pool;
	init_amqp_pool(&pool, 4096);
	amqp_basic_properties_t p = properties_of(m, &pool);
	struct span body = {m->body, m->body_len};
	int rc = b->over_tls ? publish_alone(b, channel, exchange, key, &p, body, err)
	                     : gather_publish(b, channel, exchange, key, &p, message_header_size(m),
	                                      body, err);
	empty_amqp_pool(&pool);
	if (rc < 0)
		return -1;
	b->published[channel]++;
	if (tag)
		*tag = b->confirms[channel] ? b->published[channel] : 0;
	return 0;
}

static void cork(const struct broker *b, int on)
{
	setsockopt(broker_fd(b), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

void broker_gather(struct broker *b)
{
	b->gathering = true;
	if (b->over_tls)
		cork(b, 1);
}

int broker_flush(struct broker *b, struct error *err)
{
	b->gathering = false;
	if (!b->over_tls)
		return write_out(b, err);
	cork(b, 0);
	return 0;
}
