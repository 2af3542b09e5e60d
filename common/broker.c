/* SPDX-License-Identifier: Apache-2.0 */
#include "common/broker.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/amqp_table.h"
#include "common/assembler.h"
#include "common/dial.h"
#include "common/memory.h"
#include "common/publish_frames.h"
#include "common/tls.h"

enum {
	FRAME_MAX = 131072,
	FRAME_OVERHEAD = 8,
	CHANNELS = ASSEMBLER_CHANNELS,
	GOODBYE_MS = 2000,
	CONNECT_TIMEOUT_MS = 5000,
	RPC_TIMEOUT_MS = 10000,
	OUT_MAX = 64 * 1024, /* of gathered publishes */
};

struct broker {
	amqp_connection_state_t conn;
	bool connected, broken, over_tls;
	struct tls tls;
	char *url; /* in pieces, some of which TLS borrows */
	char peer[320];
	char version[64];
	uint64_t published[CHANNELS]; /* confirm tags given out since confirm.select; 0-based counters */
	bool confirms[CHANNELS];
	struct assembler *assembler;
	bool gathering;
	struct buf out; /* publishes, in frames, that are not written yet; not over TLS */
};

/* ---- errors ---- */

/* The connection is over. Which one it was is said here, but for broker_connect, which says it itself. */
static int broken(struct broker *b, struct error *err)
{
	b->broken = true;
	return b->connected ? error_wrap(err, "broker %s", b->peer) : -1;
}

static int library_error(struct broker *b, int status, struct error *err, const char *what)
{
	error_set(err, ERROR_UNAVAILABLE, "%s: %s", what, amqp_error_string2(status));
	return broken(b, err);
}

static enum error_kind kind_of_code(int code)
{
	if (code == AMQP_ACCESS_REFUSED || code == AMQP_NOT_ALLOWED)
		return ERROR_AUTH;
	if (code == AMQP_CONNECTION_FORCED || code == AMQP_INTERNAL_ERROR || code == AMQP_RESOURCE_ERROR)
		return ERROR_UNAVAILABLE;
	return ERROR_CONFIG;
}

static int channel_closed(struct broker *b, int channel, const amqp_channel_close_t *close, struct error *err,
                          const char *what)
{
	char text[256];
	amqp_channel_close_ok_t ok = {0};
	amqp_bytes_into(close->reply_text, text, sizeof text);
	int code = close->reply_code;
	amqp_send_method(b->conn, (amqp_channel_t)channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
	amqp_maybe_release_buffers_on_channel(b->conn, (amqp_channel_t)channel);
	return error_set(err, kind_of_code(code), "%s: %s", what, text);
}

static int connection_closed(struct broker *b, const amqp_connection_close_t *close, struct error *err,
                             const char *what)
{
	char text[256];
	amqp_connection_close_ok_t ok = {0};
	amqp_bytes_into(close->reply_text, text, sizeof text);
	int code = close->reply_code;
	amqp_send_method(b->conn, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
	error_set(err, kind_of_code(code), "%s: the broker closed the connection: %s", what, text);
	return broken(b, err);
}

static int check_reply(struct broker *b, int channel, amqp_rpc_reply_t reply, struct error *err, const char *what)
{
	switch (reply.reply_type) {
	case AMQP_RESPONSE_NORMAL:
		amqp_maybe_release_buffers_on_channel(b->conn, (amqp_channel_t)channel);
		return 0;
	case AMQP_RESPONSE_SERVER_EXCEPTION:
		if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
			return channel_closed(b, channel, reply.reply.decoded, err, what);
		if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD)
			return connection_closed(b, reply.reply.decoded, err, what);
		break;
	case AMQP_RESPONSE_LIBRARY_EXCEPTION:
		return library_error(b, reply.library_error, err, what);
	case AMQP_RESPONSE_NONE:
		break;
	}
	error_set(err, ERROR_UNAVAILABLE, "%s: the broker answered something unexpected", what);
	return broken(b, err);
}

static int check_last(struct broker *b, int channel, struct error *err, const char *what)
{
	return check_reply(b, channel, amqp_get_rpc_reply(b->conn), err, what);
}

/* ---- connecting ---- */

char *broker_redact_url(const char *url, char *out, size_t size)
{
	const char *scheme_end = strstr(url, "://");
	const char *host = scheme_end ? scheme_end + 3 : url;
	const char *at = strrchr(host, '@');
	snprintf(out, size, "%.*s%s", (int)(host - url), url, at ? at + 1 : host);
	return out;
}

static struct timeval to_timeval(int ms)
{
	return (struct timeval){ms / 1000, (ms % 1000) * 1000};
}

/* tls.h does the verifying, of IP addresses too, which the library's own look at the name does not know. */
static int set_up_tls(struct broker *b, amqp_socket_t *socket, const struct broker_options *o, const char *host,
                      struct error *err)
{
	const struct tls_options t = {
	    .ca = o->tls_ca, .cert = o->tls_cert, .key = o->tls_key, .insecure = o->tls_insecure};
	amqp_ssl_socket_set_verify_peer(socket, !o->tls_insecure);
	amqp_ssl_socket_set_verify_hostname(socket, 0);
	b->over_tls = true;
	return tls_prepare(&b->tls, amqp_ssl_socket_get_context(socket), t, host, err);
}

static int connect_timeout_ms(const struct broker_options *o)
{
	return o->connect_timeout_ms > 0 ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS;
}

/* The library opens the socket of TLS itself: by a numeric address, so that it looks nothing up. */
static int open_tls(struct broker *b, const struct broker_options *o, const struct amqp_connection_info *info,
                    struct error *err)
{
	char address[DIAL_ADDRESS_SIZE];
	struct timeval timeout = to_timeval(connect_timeout_ms(o));
	amqp_socket_t *socket = amqp_ssl_socket_new(b->conn);
	if (!socket)
		return error_set(err, ERROR_BUG, "no socket could be made");
	if (set_up_tls(b, socket, o, info->host, err) < 0 ||
	    dial_choose(info->host, info->port, connect_timeout_ms(o), address, err) < 0)
		return -1;
	int status = amqp_socket_open_noblock(socket, address, info->port, &timeout);
	if (status == AMQP_STATUS_OK)
		return 0;
	library_error(b, status, err, "cannot connect");
	tls_explain(&b->tls, false, err);
	return -1;
}

static int open_tcp(struct broker *b, const struct broker_options *o, const struct amqp_connection_info *info,
                    struct error *err)
{
	int fd = dial(info->host, info->port, connect_timeout_ms(o), err);
	if (fd < 0)
		return -1;
	amqp_socket_t *socket = amqp_tcp_socket_new(b->conn);
	if (!socket) {
		close_fd(&fd);
		return error_set(err, ERROR_BUG, "no socket could be made");
	}
	amqp_tcp_socket_set_sockfd(socket, fd);
	return 0;
}

/* The kernel ends a connection whose peer takes nothing for so long, for the library writes without a limit. */
static void bound_writes(const struct broker *b, const struct broker_options *o)
{
	unsigned ms = (unsigned)o->write_timeout_ms;
	if (ms > 0)
		setsockopt(amqp_get_sockfd(b->conn), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

static int open_socket(struct broker *b, const struct broker_options *o, const struct amqp_connection_info *info,
                       struct error *err)
{
	if ((info->ssl ? open_tls(b, o, info, err) : open_tcp(b, o, info, err)) < 0)
		return -1;
	bound_writes(b, o);
	return 0;
}

static amqp_table_entry_t text_entry(const char *key, const char *value)
{
	return (amqp_table_entry_t){amqp_cstring_bytes(key),
	                            {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(value)}};
}

static amqp_table_entry_t yes_entry(const char *key)
{
	return (amqp_table_entry_t){amqp_cstring_bytes(key), {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
}

/* Better words for a failure of login. */
static int explain_login(struct broker *b, const struct broker_options *o, amqp_rpc_reply_t reply, const char *user,
                         struct error *err)
{
	bool greeted = amqp_get_server_properties(b->conn)->num_entries > 0;
	if (!err)
		return -1;
	if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
	    reply.library_error == AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD)
		return o->sasl_external
		           ? error_set(err, ERROR_CONFIG,
		                       "the broker does not offer the login by certificate (sasl_external): it takes "
		                       "plugin rabbitmq_auth_mechanism_ssl and auth_mechanisms EXTERNAL")
		           : error_set(err, ERROR_CONFIG,
		                       "the broker does not offer the login by password (PLAIN); if it wants "
		                       "certificates, set sasl_external");
	if (err->kind == ERROR_AUTH && o->sasl_external)
		return error_wrap(err, "the user whom tls_cert '%.200s' names (sasl_external)", o->tls_cert);
	if (err->kind == ERROR_AUTH)
		return strstr(err->text, "ACCESS_REFUSED")
		           ? error_wrap(err, "user '%.60s' (password: of the URL, AMQP_PASSWORD or password_file)",
		                        user)
		           : error_wrap(err, "user '%.60s'", user);
	bool cut_off = !greeted && reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
	               reply.library_error != AMQP_STATUS_TIMEOUT;
	if (b->over_tls)
		tls_explain(&b->tls, cut_off, err);
	else if (cut_off)
		error_set(err, err->kind, "%s before the broker's greeting (a TLS port wants amqps://)", err->text);
	return -1;
}

static int login(struct broker *b, const struct broker_options *o, const struct amqp_connection_info *info,
                 struct error *err)
{
	amqp_table_entry_t abilities[] = {yes_entry("consumer_cancel_notify"), yes_entry("connection.blocked"),
	                                  yes_entry("basic.nack"), yes_entry("publisher_confirms")};
	amqp_table_entry_t properties[] = {
	    text_entry("product", "warren"),
	    text_entry("version", WARREN_VERSION),
	    text_entry("connection_name", o->name ? o->name : "warren"),
	    {amqp_cstring_bytes("capabilities"),
	     {.kind = AMQP_FIELD_KIND_TABLE, .value.table = {sizeof abilities / sizeof *abilities, abilities}}},
	};
	const amqp_table_t table = {sizeof properties / sizeof *properties, properties};
	struct timeval handshake = to_timeval(connect_timeout_ms(o));
	struct timeval rpc = to_timeval(broker_rpc_timeout_ms(o));
	int heartbeat = o->heartbeat_s > 0 ? o->heartbeat_s : 30;
	const char *user = o->user ? o->user : info->user;
	const char *password = o->password ? o->password : info->password;

	amqp_set_handshake_timeout(b->conn, &handshake);
	amqp_set_rpc_timeout(b->conn, &rpc);
	amqp_rpc_reply_t reply = o->sasl_external
	                             ? amqp_login_with_properties(b->conn, info->vhost, 0, FRAME_MAX, heartbeat, &table,
	                                                          AMQP_SASL_METHOD_EXTERNAL, user)
	                             : amqp_login_with_properties(b->conn, info->vhost, 0, FRAME_MAX, heartbeat, &table,
	                                                          AMQP_SASL_METHOD_PLAIN, user, password);
	if (check_reply(b, 0, reply, err, "login") == 0)
		return 0;
	return explain_login(b, o, reply, user, err);
}

static void note_version(struct broker *b)
{
	struct table properties;
	amqp_table_read(amqp_get_server_properties(b->conn), &properties);
	const char *version = table_get_text(&properties, "version");
	snprintf(b->version, sizeof b->version, "%.60s", version ? version : "unknown");
	table_finish(&properties);
}

struct broker *broker_connect(const struct broker_options *o, unsigned which, struct error *err)
{
	const char *url = o->urls[which % o->url_count];
	cleanup_free char *copy = xstrdup(url);
	char shown[256];
	struct amqp_connection_info info;
	if (amqp_parse_url(copy, &info) != AMQP_STATUS_OK) {
		error_set(err, ERROR_CONFIG, "'%s' is not an AMQP URL (amqp://user@host:port/vhost)",
		          broker_redact_url(url, shown, sizeof shown));
		return NULL;
	}
	if (!*info.vhost) /* amqp://host/ names the vhost "", which nobody has */
		info.vhost = (char *)"/";
	if (o->sasl_external && !(info.ssl && o->tls_cert)) {
		error_set(err, ERROR_CONFIG,
		          "sasl_external is a login by certificate: it takes an amqps:// URL and tls_cert");
		return NULL;
	}
	struct broker *b = xcalloc(1, sizeof *b);
	b->url = steal_ptr(copy); /* TLS asks for the name again when the server wants another handshake */
	b->assembler = assembler_create();
	b->conn = amqp_new_connection();
	if (!b->conn)
		abort();
	snprintf(b->peer, sizeof b->peer, "%s:%d%s%s", info.host, info.port, info.vhost[0] == '/' ? "" : "/",
	         info.vhost);
	if (open_socket(b, o, &info, err) < 0 || login(b, o, &info, err) < 0) {
		error_wrap(err, "broker %s", b->peer);
		broker_destroy(b, false);
		return NULL;
	}
	note_version(b);
	b->connected = true;
	return b;
}

void broker_destroy(struct broker *b, bool polite)
{
	if (!b)
		return;
	if (polite && !b->broken) {
		struct timeval timeout = to_timeval(GOODBYE_MS);
		amqp_set_rpc_timeout(b->conn, &timeout);
		amqp_connection_close(b->conn, AMQP_REPLY_SUCCESS);
	}
	amqp_destroy_connection(b->conn);
	assembler_destroy(b->assembler);
	buf_finish(&b->out);
	free(b->url);
	free(b);
}

bool broker_broken(const struct broker *b)
{
	return b->broken;
}

int broker_fd(const struct broker *b)
{
	return amqp_get_sockfd(b->conn);
}

int broker_heartbeat_s(const struct broker *b)
{
	return amqp_get_heartbeat(b->conn);
}

int broker_rpc_timeout_ms(const struct broker_options *o)
{
	return o->rpc_timeout_ms > 0 ? o->rpc_timeout_ms : RPC_TIMEOUT_MS;
}

size_t broker_header_max(const struct broker *b)
{
	return (size_t)amqp_get_frame_max(b->conn) - FRAME_OVERHEAD;
}

const char *broker_peer(const struct broker *b)
{
	return b->peer;
}

const char *broker_version(const struct broker *b)
{
	return b->version;
}

bool broker_is_at_least(const struct broker *b, int major, int minor)
{
	char *rest;
	long have = strtol(b->version, &rest, 10);
	long have_minor = *rest == '.' ? strtol(rest + 1, NULL, 10) : 0;
	return have > major || (have == major && have_minor >= minor);
}

/* ---- channels and declarations ---- */

int broker_open_channel(struct broker *b, int channel, bool confirm, struct error *err)
{
	if (channel < 1 || channel >= CHANNELS)
		return error_set(err, ERROR_BUG, "channel %d is out of range", channel);
	amqp_channel_open(b->conn, (amqp_channel_t)channel);
	if (check_last(b, channel, err, "open channel") < 0)
		return -1;
	b->published[channel] = 0;
	b->confirms[channel] = confirm;
	assembler_forget(b->assembler, channel);
	if (!confirm)
		return 0;
	amqp_confirm_select(b->conn, (amqp_channel_t)channel);
	return check_last(b, channel, err, "confirm.select");
}

int broker_close_channel(struct broker *b, int channel, struct error *err)
{
	return check_reply(b, channel, amqp_channel_close(b->conn, (amqp_channel_t)channel, AMQP_REPLY_SUCCESS), err,
	                   "close channel");
}

static void declare_item(struct broker *b, amqp_channel_t ch, const struct topology_item *item, amqp_table_t arguments)
{
	amqp_bytes_t name = amqp_cstring_bytes(item->name);
	amqp_bytes_t source = item->source ? amqp_cstring_bytes(item->source) : amqp_empty_bytes;
	amqp_bytes_t key = item->routing_key ? amqp_cstring_bytes(item->routing_key) : amqp_empty_bytes;
	switch (item->kind) {
	case TOPOLOGY_EXCHANGE:
		amqp_exchange_declare(b->conn, ch, name, amqp_cstring_bytes(item->type), 0, 1, 0, 0, arguments);
		break;
	case TOPOLOGY_QUEUE:
		amqp_queue_declare(b->conn, ch, name, 0, 1, 0, 0, arguments);
		break;
	case TOPOLOGY_BIND_QUEUE:
		amqp_queue_bind(b->conn, ch, name, source, key, arguments);
		break;
	case TOPOLOGY_BIND_EXCHANGE: {
		amqp_exchange_bind_t bind = {
		    .destination = name, .source = source, .routing_key = key, .arguments = arguments};
		amqp_method_number_t expected = AMQP_EXCHANGE_BIND_OK_METHOD;
		amqp_simple_rpc_decoded(b->conn, ch, AMQP_EXCHANGE_BIND_METHOD, expected, &bind);
		break;
	}
	}
}

int broker_declare(struct broker *b, int channel, const struct topology_item *item, struct error *err)
{
	char what[300];
	amqp_pool_t pool;
	init_amqp_pool(&pool, 4096);
	declare_item(b, (amqp_channel_t)channel, item, amqp_table_view(&item->arguments, &pool));
	snprintf(what, sizeof what, "declare %s", item->name);
	int rc = check_last(b, channel, err, what);
	empty_amqp_pool(&pool);
	return rc;
}

int broker_inspect_queue(struct broker *b, int channel, const char *queue, uint32_t *ready, uint32_t *consumers,
                         struct error *err)
{
	char what[300];
	amqp_queue_declare_ok_t *ok = amqp_queue_declare(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue), 1,
	                                                 0, 0, 0, amqp_empty_table);
	uint32_t count = ok ? ok->message_count : 0, others = ok ? ok->consumer_count : 0;
	snprintf(what, sizeof what, "queue '%s'", queue);
	if (check_last(b, channel, err, what) < 0)
		return -1;
	if (ready)
		*ready = count;
	if (consumers)
		*consumers = others;
	return 0;
}

int broker_inspect_exchange(struct broker *b, int channel, const char *exchange, struct error *err)
{
	char what[300];
	amqp_exchange_declare(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(exchange),
	                      amqp_cstring_bytes("topic"), 1, 0, 0, 0, amqp_empty_table);
	snprintf(what, sizeof what, "exchange '%s'", exchange);
	return check_last(b, channel, err, what);
}

bool broker_may_not_inspect(const struct error *err)
{
	return err->kind == ERROR_AUTH && strstr(err->text, "configure access to ");
}

int broker_declare_exclusive(struct broker *b, int channel, const char *queue, struct error *err)
{
	char what[300];
	amqp_queue_declare(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue), 0, 0, 1, 1, amqp_empty_table);
	snprintf(what, sizeof what, "declare '%s'", queue);
	return check_last(b, channel, err, what);
}

int broker_purge(struct broker *b, int channel, const char *queue, uint32_t *count, struct error *err)
{
	amqp_queue_purge_ok_t *ok = amqp_queue_purge(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue));
	uint32_t n = ok ? ok->message_count : 0;
	if (check_last(b, channel, err, "purge") < 0)
		return -1;
	if (count)
		*count = n;
	return 0;
}

int broker_delete_queue(struct broker *b, int channel, const char *queue, struct error *err)
{
	amqp_queue_delete(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue), 0, 0);
	return check_last(b, channel, err, "delete queue");
}

int broker_try_publish(struct broker *b, int channel, const char *exchange, const char *key, struct error *err)
{
	char what[300];
	amqp_tx_select(b->conn, (amqp_channel_t)channel);
	if (check_last(b, channel, err, "tx.select") < 0)
		return -1;
	int status = amqp_basic_publish(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(exchange),
	                                amqp_cstring_bytes(key), 0, 0, NULL, amqp_empty_bytes);
	if (status != AMQP_STATUS_OK)
		return library_error(b, status, err, "basic.publish");
	amqp_tx_rollback(b->conn, (amqp_channel_t)channel);
	snprintf(what, sizeof what, "publish to '%s'", exchange);
	return check_last(b, channel, err, what);
}

int broker_try_consume(struct broker *b, int channel, const char *queue, struct error *err)
{
	amqp_table_entry_t wrong = text_entry("x-priority", "none");
	const amqp_table_t arguments = {1, &wrong};
	struct error refusal = {0};
	char what[300];
	snprintf(what, sizeof what, "consume '%s'", queue);
	amqp_basic_consume(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0,
	                   arguments);
	if (check_last(b, channel, &refusal, what) == 0)
		return broker_close_channel(b, channel, err);
	if (!b->broken && strstr(refusal.text, "PRECONDITION_FAILED"))
		return 0;
	return error_set(err, refusal.kind, "%s", refusal.text);
}

/* ---- consuming and settling ---- */

int broker_consume(struct broker *b, int channel, const char *queue, const char *tag, uint16_t prefetch,
                   struct error *err)
{
	char what[300];
	amqp_basic_qos(b->conn, (amqp_channel_t)channel, 0, prefetch, 0);
	if (check_last(b, channel, err, "basic.qos") < 0)
		return -1;
	amqp_basic_consume(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue), amqp_cstring_bytes(tag), 0, 0,
	                   0, amqp_empty_table);
	snprintf(what, sizeof what, "consume '%s'", queue);
	return check_last(b, channel, err, what);
}

int broker_cancel(struct broker *b, int channel, const char *tag, struct error *err)
{
	amqp_basic_cancel(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(tag));
	return check_last(b, channel, err, "basic.cancel");
}

int broker_ack(struct broker *b, int channel, uint64_t tag, bool multiple, struct error *err)
{
	int status = amqp_basic_ack(b->conn, (amqp_channel_t)channel, tag, multiple);
	return status == AMQP_STATUS_OK ? 0 : library_error(b, status, err, "basic.ack");
}

int broker_nack(struct broker *b, int channel, uint64_t tag, bool multiple, bool requeue, struct error *err)
{
	int status = amqp_basic_nack(b->conn, (amqp_channel_t)channel, tag, multiple, requeue);
	return status == AMQP_STATUS_OK ? 0 : library_error(b, status, err, "basic.nack");
}

/* ---- publishing ---- */

static bool short_enough(const char *text)
{
	return !text || strlen(text) <= 255;
}

static bool publishable(const struct broker *b, const char *exchange, const char *key, const struct message *m,
                        struct error *err)
{
	if (!short_enough(exchange) || !short_enough(key) || !short_enough(m->content_type) ||
	    !short_enough(m->message_id) || !short_enough(m->type) || !short_enough(m->app_id) ||
	    !short_enough(m->reply_to) || !short_enough(m->correlation_id))
		return error_set(err, ERROR_DATA, "a property of the message is over 255 bytes"), false;
	size_t size = message_header_size(m);
	if (size > broker_header_max(b))
		return error_set(err, ERROR_DATA, "the message's headers take %zu bytes; %zu fit into a frame", size,
		                 broker_header_max(b)),
		       false;
	return true;
}

static void set_property(amqp_basic_properties_t *p, amqp_flags_t flag, amqp_bytes_t *field, const char *text)
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

/* As the library does it: for ever, unless somebody shuts the socket down or the kernel gives up. */
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
			return broken(b, err);
		}
	}
	buf_clear(&b->out);
	return 0;
}

/* By the library, which does not lend its TLS connection. */
static int publish_alone(struct broker *b, int channel, const char *exchange, const char *key,
                         const amqp_basic_properties_t *p, struct span body, struct error *err)
{
	int status = amqp_basic_publish(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(exchange),
	                                amqp_cstring_bytes(key), 1, 0, p, (amqp_bytes_t){body.len, (void *)body.at});
	return status == AMQP_STATUS_OK ? 0 : library_error(b, status, err, "basic.publish");
}

static int gather_publish(struct broker *b, int channel, const char *exchange, const char *key,
                          const amqp_basic_properties_t *p, size_t header_size, struct span body, struct error *err)
{
	const amqp_basic_publish_t method = {
	    .exchange = amqp_cstring_bytes(exchange), .routing_key = amqp_cstring_bytes(key), .mandatory = 1};
	bool large = body.len > OUT_MAX; /* not to be held twice, and no write is spared */
	if (large || !publish_frames_append(&b->out, channel, &method, p, header_size, body,
	                                    (size_t)amqp_get_frame_max(b->conn)))
		return write_out(b, err) < 0 ? -1 : publish_alone(b, channel, exchange, key, p, body, err);
	return b->gathering && b->out.len < OUT_MAX ? 0 : write_out(b, err);
}

int broker_publish(struct broker *b, int channel, const char *exchange, const char *key, const struct message *m,
                   uint64_t *tag, struct error *err)
{
	if (!publishable(b, exchange, key, m, err))
		return -1;
	amqp_pool_t pool;
	init_amqp_pool(&pool, 4096);
	amqp_basic_properties_t p = properties_of(m, &pool);
	struct span body = {m->body, m->body_len};
	int rc = b->over_tls ? publish_alone(b, channel, exchange, key, &p, body, err)
	                     : gather_publish(b, channel, exchange, key, &p, message_header_size(m), body, err);
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

/* ---- reading ---- */

static bool is_method(const amqp_frame_t *f, amqp_method_number_t id)
{
	return f->frame_type == AMQP_FRAME_METHOD && f->payload.method.id == id;
}

/* 1: *e is an event. 0: nothing to tell yet. */
static int on_frame(struct broker *b, const amqp_frame_t *f, struct broker_event *e, struct error *err)
{
	if (is_method(f, AMQP_CONNECTION_CLOSE_METHOD))
		return connection_closed(b, f->payload.method.decoded, err, "connection");
	int rc = assembler_feed(b->assembler, f, e, err);
	if (rc < 0)
		return broken(b, err);
	if (rc > 0 && e->kind == BROKER_CHANNEL_CLOSED) {
		amqp_channel_close_ok_t ok = {0};
		amqp_send_method(b->conn, f->channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
	}
	return rc;
}

int broker_read(struct broker *b, int wait_ms, struct broker_event *e, struct error *err)
{
	for (;;) {
		amqp_frame_t frame;
		struct timeval timeout = to_timeval(wait_ms);
		int status = amqp_simple_wait_frame_noblock(b->conn, &frame, &timeout);
		if (status == AMQP_STATUS_TIMEOUT) {
			*e = (struct broker_event){.kind = BROKER_NOTHING};
			return 0;
		}
		if (status != AMQP_STATUS_OK)
			return library_error(b, status, err, "connection lost");
		int rc = on_frame(b, &frame, e, err);
		amqp_maybe_release_buffers_on_channel(b->conn, frame.channel);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
}
