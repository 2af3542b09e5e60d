/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/raw.h"

#include <amqp_tcp_socket.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

noreturn void raw_die(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void raw_check(amqp_rpc_reply_t reply, const char *what)
{
	if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
		raw_die("%s: %s", what, amqp_error_string2(reply.library_error));
	if (reply.reply_type != AMQP_RESPONSE_NORMAL)
		raw_die("%s: refused by the broker", what);
}

amqp_connection_state_t raw_connect(const char *url)
{
	struct amqp_connection_info info;
	char *copy = strdup(url);
	if (!copy || amqp_parse_url(copy, &info) != AMQP_STATUS_OK)
		raw_die("no AMQP URL");
	amqp_connection_state_t c = amqp_new_connection();
	amqp_socket_t *socket = amqp_tcp_socket_new(c);
	if (!socket || amqp_socket_open(socket, info.host, info.port) != AMQP_STATUS_OK)
		raw_die("no broker at %s:%d", info.host, info.port);
	raw_check(amqp_login(c, info.vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, info.user,
	                     info.password),
	          "login");
	amqp_channel_open(c, RAW_CHANNEL);
	raw_check(amqp_get_rpc_reply(c), "channel");
	free(copy);
	return c;
}

void raw_close(amqp_connection_state_t c)
{
	amqp_connection_close(c, AMQP_REPLY_SUCCESS);
	amqp_destroy_connection(c);
}

long raw_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);
	if (*end || n <= 0)
		raw_die("'%s' is no number above 0", text);
	return n;
}

int64_t raw_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int raw_job(char *out, size_t size, long n, int64_t at_ns, const char *file)
{
	int len = snprintf(
	    out, size,
	    "{\"id\":\"bench-%012ld\",\"type\":\"bench\",\"args\":{\"t\":%lld,\"file\":\"%s\","
	    "\"text\":\"%s\",\"numbers\":[1,2.5,-3e2],\"yes\":true,\"nothing\":null}}",
	    n, (long long)at_ns, file ? file : "",
	    file ? "" : "a line of text, as many a job has one among its arguments");
	if (len < 0 || (size_t)len >= size)
		raw_die("the job is too long");
	return len;
}

int64_t raw_time_of(const char *body, size_t len)
{
	static const char word[] = "\"t\":";
	const char *at = memmem(body, len, word, sizeof word - 1);
	return at ? strtoll(at + sizeof word - 1, NULL, 10) : -1;
}
