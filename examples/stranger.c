/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stranger at the broker of $AMQP_URL: rabbitmq-c alone, nothing of Warren. For the demo.
 *
 *   stranger publish EXCHANGE ROUTING-KEY BODY   a persistent text message
 *   stranger delete QUEUE...
 *
 * (The tools of the package amqp-tools take the URL, with its password, on their command lines
 * only.)
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_tcp_socket.h>
#endif

enum { CHANNEL = 1, FRAME_MAX = 131072 };

static int fail(const char *what)
{
	fprintf(stderr, "stranger: %s\n", what);
	return 1;
}

static bool normal(amqp_rpc_reply_t reply)
{
	return reply.reply_type == AMQP_RESPONSE_NORMAL;
}

static bool connect_to(amqp_connection_state_t c, char *url)
{
	struct amqp_connection_info info;
	amqp_socket_t *socket = amqp_tcp_socket_new(c);
	if (!socket || amqp_parse_url(url, &info) != AMQP_STATUS_OK || info.ssl)
		return false;
	if (amqp_socket_open(socket, info.host, info.port) != AMQP_STATUS_OK)
		return false;
	if (!normal(amqp_login(c, info.vhost, 0, FRAME_MAX, 0, AMQP_SASL_METHOD_PLAIN, info.user,
	                       info.password)))
		return false;
	return amqp_channel_open(c, CHANNEL) != NULL;
}

/* In a transaction: when the commit is answered the broker has the message. */
static int publish(amqp_connection_state_t c, char **words)
{
	amqp_basic_properties_t p = {
	    ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG,
	    .content_type = amqp_cstring_bytes("text/plain"),
	    .delivery_mode = AMQP_DELIVERY_PERSISTENT,
	};
	if (!amqp_tx_select(c, CHANNEL) ||
	    amqp_basic_publish(c, CHANNEL, amqp_cstring_bytes(words[0]),
	                       amqp_cstring_bytes(words[1]), 0, 0, &p,
	                       amqp_cstring_bytes(words[2])) != AMQP_STATUS_OK ||
	    !amqp_tx_commit(c, CHANNEL))
		return fail("the message was not taken");
	return 0;
}

static int delete (amqp_connection_state_t c, char **queues)
{
	for (; *queues; queues++)
		if (!amqp_queue_delete(c, CHANNEL, amqp_cstring_bytes(*queues), 0, 0))
			return fail("a queue could not be deleted");
	return 0;
}

int main(int argc, char **argv)
{
	const char *url = getenv("AMQP_URL");
	bool publishing = argc == 5 && strcmp(argv[1], "publish") == 0;
	bool deleting = argc >= 3 && strcmp(argv[1], "delete") == 0;
	if (!url || (!publishing && !deleting))
		return fail("usage, with AMQP_URL set: stranger publish EXCHANGE ROUTING-KEY BODY "
		            "| delete QUEUE...");
	char *copy = strdup(url);
	amqp_connection_state_t c = amqp_new_connection();
	int code;
	if (!copy || !c || !connect_to(c, copy))
		code = fail("no connection to the broker of AMQP_URL (amqps is not spoken here)");
	else
		code = publishing ? publish(c, argv + 2) : delete (c, argv + 2);
	amqp_destroy_connection(c);
	free(copy);
	return code;
}
