/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/broker.h"
#include "common/amqp/broker_internal.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/amqp/amqp_table.h"
#include "common/amqp/dial.h"
#include "common/amqp/close_reason.h"
#include "common/base/memory.h"

enum {
	FRAME_MAX = 131072,
	FRAME_OVERHEAD = 8,
	GOODBYE_MS = 2000,
	CONNECT_TIMEOUT_MS = 5000,
	RPC_TIMEOUT_MS = 10000,
};

/* ---- errors ---- */

/* Names the broker, except while broker_connect runs, which names it itself. */
int broker_break(struct broker *b, struct error *err)
{
	b->broken = true;
	return b->connected ? error_wrap(err, "broker %s", b->peer) : -1;
}

int broker_library_error(struct broker *b, int status, struct error *err, const char *what)
{
	error_set(err, ERROR_UNAVAILABLE, "%s: %s", what, amqp_error_string2(status));
	return broker_break(b, err);
}

static int channel_closed(struct broker *b, int channel, const amqp_channel_close_t *close,
                          struct error *err, const char *what)
{
	char text[256];
	amqp_channel_close_ok_t ok = {0};
	amqp_bytes_into(close->reply_text, text, sizeof text);
	int code = close->reply_code;
	amqp_send_method(b->conn, (amqp_channel_t)channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
	amqp_maybe_release_buffers_on_channel(b->conn, (amqp_channel_t)channel);
	return close_reason_error(code, text, what, err);
}

static int connection_closed(struct broker *b, const amqp_connection_close_t *close,
                             struct error *err, const char *what)
{
	char text[256], closed[320];
	amqp_connection_close_ok_t ok = {0};
	amqp_bytes_into(close->reply_text, text, sizeof text);
	int code = close->reply_code;
	amqp_send_method(b->conn, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
	snprintf(closed, sizeof closed, "%s: the broker closed the connection", what);
	close_reason_error(code, text, closed, err);
	return broker_break(b, err);
}

int broker_check_reply(struct broker *b, int channel, amqp_rpc_reply_t reply, struct error *err,
                       const char *what)
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
		return broker_library_error(b, reply.library_error, err, what);
	case AMQP_RESPONSE_NONE:
		break;
	}
	error_set(err, ERROR_UNAVAILABLE, "%s: the broker answered something unexpected", what);
	return broker_break(b, err);
}

int broker_check_last(struct broker *b, int channel, struct error *err, const char *what)
{
	return broker_check_reply(b, channel, amqp_get_rpc_reply(b->conn), err, what);
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

/* tls.c verifies certificates, because rabbitmq-c cannot check IP addresses. */
static int set_up_tls(struct broker *b, amqp_socket_t *socket, const struct broker_options *o,
                      const char *host, struct error *err)
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

/*
 * The library opens the socket of TLS itself. It gets a numeric address, so that it has nothing to
 * look up.
 */
static int open_tls(struct broker *b, const struct broker_options *o,
                    const struct amqp_connection_info *info, struct error *err)
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
	broker_library_error(b, status, err, "cannot connect");
	tls_explain(&b->tls, false, err);
	return -1;
}

static int open_tcp(struct broker *b, const struct broker_options *o,
                    const struct amqp_connection_info *info, struct error *err)
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

/*
 * The library writes without a time limit, so the kernel has to end a connection whose peer takes
 * nothing for that long.
 */
static void bound_writes(const struct broker *b, const struct broker_options *o)
{
	unsigned ms = (unsigned)o->write_timeout_ms;
	if (ms > 0)
		setsockopt(amqp_get_sockfd(b->conn), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

static int open_socket(struct broker *b, const struct broker_options *o,
                       const struct amqp_connection_info *info, struct error *err)
{
	if ((info->ssl ? open_tls(b, o, info, err) : open_tcp(b, o, info, err)) < 0)
		return -1;
	bound_writes(b, o);
	return 0;
}

static amqp_table_entry_t yes_entry(const char *key)
{
	return (amqp_table_entry_t){amqp_cstring_bytes(key),
	                            {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
}

/* Adds to err what a user can do about a failed login. */
static int explain_login(struct broker *b, const struct broker_options *o, amqp_rpc_reply_t reply,
                         const char *user, struct error *err)
{
	bool greeted = amqp_get_server_properties(b->conn)->num_entries > 0;
	if (!err)
		return -1;
	if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
	    reply.library_error == AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD)
		return o->sasl_external
		           ? error_set(
		                 err, ERROR_CONFIG,
		                 "the broker does not offer the login by certificate "
		                 "(sasl_external): it takes "
		                 "plugin rabbitmq_auth_mechanism_ssl and auth_mechanisms EXTERNAL")
		           : error_set(err, ERROR_CONFIG,
		                       "the broker does not offer the login by password (PLAIN); "
		                       "if it wants "
		                       "certificates, set sasl_external");
	if (err->kind == ERROR_AUTH && o->sasl_external)
		return error_wrap(err, "the user whom tls_cert '%.200s' names (sasl_external)",
		                  o->tls_cert);
	if (err->kind == ERROR_AUTH)
		return err->cause == CAUSE_WRONG_LOGIN
		           ? error_wrap(err,
		                        "user '%.60s' (password: of the URL, AMQP_PASSWORD or "
		                        "password_file)",
		                        user)
		           : error_wrap(err, "user '%.60s'", user);
	bool cut_off = !greeted && reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
	               reply.library_error != AMQP_STATUS_TIMEOUT;
	if (b->over_tls)
		tls_explain(&b->tls, cut_off, err);
	else if (cut_off)
		error_set(err, err->kind,
		          "%s before the broker's greeting (a TLS port wants amqps://)", err->text);
	return -1;
}

static int login(struct broker *b, const struct broker_options *o,
                 const struct amqp_connection_info *info, struct error *err)
{
	amqp_table_entry_t abilities[] = {yes_entry("consumer_cancel_notify"),
	                                  yes_entry("connection.blocked"), yes_entry("basic.nack"),
	                                  yes_entry("publisher_confirms")};
	amqp_table_entry_t properties[] = {
	    amqp_text_entry("product", "warren"),
	    amqp_text_entry("version", WARREN_VERSION),
	    amqp_text_entry("connection_name", o->name ? o->name : "warren"),
	    {amqp_cstring_bytes("capabilities"),
	     {.kind = AMQP_FIELD_KIND_TABLE,
	      .value.table = {sizeof abilities / sizeof *abilities, abilities}}},
	};
	const amqp_table_t table = {sizeof properties / sizeof *properties, properties};
	struct timeval handshake = to_timeval(connect_timeout_ms(o));
	struct timeval rpc = to_timeval(broker_rpc_timeout_ms(o));
	int heartbeat = o->heartbeat_s > 0 ? o->heartbeat_s : 30;
	const char *user = o->user ? o->user : info->user;
	const char *password = o->password ? o->password : info->password;

	amqp_set_handshake_timeout(b->conn, &handshake);
	amqp_set_rpc_timeout(b->conn, &rpc);
	amqp_rpc_reply_t reply =
	    o->sasl_external
	        ? amqp_login_with_properties(b->conn, info->vhost, 0, FRAME_MAX, heartbeat, &table,
	                                     AMQP_SASL_METHOD_EXTERNAL, user)
	        : amqp_login_with_properties(b->conn, info->vhost, 0, FRAME_MAX, heartbeat, &table,
	                                     AMQP_SASL_METHOD_PLAIN, user, password);
	if (broker_check_reply(b, 0, reply, err, "login") == 0)
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
		error_set(err, ERROR_CONFIG,
		          "'%s' is not an AMQP URL (amqp://user@host:port/vhost)",
		          broker_redact_url(url, shown, sizeof shown));
		return NULL;
	}
	if (!*info.vhost) /* amqp://host/ names the vhost "", which nobody has */
		info.vhost = (char *)"/";
	if (o->sasl_external && !(info.ssl && o->tls_cert)) {
		error_set(err, ERROR_CONFIG,
		          "sasl_external is a login by certificate: it takes an amqps:// URL and "
		          "tls_cert");
		return NULL;
	}
	struct broker *b = xcalloc(1, sizeof *b);
	b->url =
	    steal_ptr(copy); /* TLS needs the name again when the server wants another handshake */
	b->assembler = assembler_create();
	b->conn = amqp_new_connection();
	if (!b->conn)
		abort();
	snprintf(b->peer, sizeof b->peer, "%s:%d%s%s", info.host, info.port,
	         info.vhost[0] == '/' ? "" : "/", info.vhost);
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

/* ---- reading ---- */

static bool is_method(const amqp_frame_t *f, amqp_method_number_t id)
{
	return f->frame_type == AMQP_FRAME_METHOD && f->payload.method.id == id;
}

/* Returns 1 if *e is an event now, 0 if there is none yet, -1 if the connection has ended. */
static int on_frame(struct broker *b, const amqp_frame_t *f, struct broker_event *e,
                    struct error *err)
{
	if (is_method(f, AMQP_CONNECTION_CLOSE_METHOD))
		return connection_closed(b, f->payload.method.decoded, err, "connection");
	int rc = assembler_feed(b->assembler, f, e, err);
	if (rc < 0)
		return broker_break(b, err);
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
			return broker_library_error(b, status, err, "connection lost");
		int rc = on_frame(b, &frame, e, err);
		amqp_maybe_release_buffers_on_channel(b->conn, frame.channel);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
}
