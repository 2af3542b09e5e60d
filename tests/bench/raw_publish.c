/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raw-publish URL EXCHANGE KEY COUNT [--cork] [--rate N] [--latency FILE] [--leave LEVEL]
 *
 * Publishes COUNT jobs, persistent, with confirms and at most 1,000 unconfirmed. --cork: many
 * publishes a packet.
 * --rate: so many a second. --latency: each job has the time and the name of that file in it.
 * --leave: with the header that lets a job out of the delay ring after that level.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tests/bench/raw.h"

enum { WINDOW = 1000, BURST = 100 };

struct publisher {
	amqp_connection_state_t c;
	const char *exchange, *key, *file;
	char level[16]; /* the name of the header, or "" */
	bool corked;
	long rate;
	uint64_t sent, confirmed;
};

static void cork(const struct publisher *p, int on)
{
	if (p->corked)
		setsockopt(amqp_get_sockfd(p->c), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

static void take(struct publisher *p, const amqp_frame_t *f)
{
	if (f->frame_type != AMQP_FRAME_METHOD)
		return;
	if (f->payload.method.id != AMQP_BASIC_ACK_METHOD)
		raw_die("not confirmed: method %08x", f->payload.method.id);
	p->confirmed = ((amqp_basic_ack_t *)f->payload.method.decoded)->delivery_tag;
}

/* Reads the confirms that have come. Waits for one frame when the window is full. */
static void read_confirms(struct publisher *p, bool wait)
{
	amqp_frame_t f;
	struct timeval at_once = {0};
	amqp_maybe_release_buffers(p->c);
	while (true) {
		int rc = amqp_simple_wait_frame_noblock(p->c, &f, wait ? NULL : &at_once);
		if (rc == AMQP_STATUS_TIMEOUT)
			return;
		if (rc != AMQP_STATUS_OK)
			raw_die("confirms: %s", amqp_error_string2(rc));
		take(p, &f);
		wait = false;
	}
}

static void publish(struct publisher *p, long n)
{
	char body[1024];
	amqp_basic_properties_t properties = {
	    ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG,
	    .delivery_mode = AMQP_DELIVERY_PERSISTENT,
	    .content_type = amqp_cstring_bytes("application/json"),
	};
	amqp_table_entry_t way = {
	    .key = amqp_cstring_bytes(p->level),
	    .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("out")}};
	if (p->level[0]) {
		properties._flags |= AMQP_BASIC_HEADERS_FLAG;
		properties.headers = (amqp_table_t){1, &way};
	}
	int len = raw_job(body, sizeof body, n, raw_now_ns(), p->file);
	int rc = amqp_basic_publish(p->c, RAW_CHANNEL, amqp_cstring_bytes(p->exchange),
	                            amqp_cstring_bytes(p->key), 0, 0, &properties,
	                            (amqp_bytes_t){(size_t)len, body});
	if (rc != AMQP_STATUS_OK)
		raw_die("publish: %s", amqp_error_string2(rc));
	p->sent++;
}

static void pace(const struct publisher *p, const struct timespec *began, long n)
{
	struct timespec at = *began;
	if (p->rate <= 0)
		return;
	int64_t ns = at.tv_nsec + (int64_t)n * 1000000000 / p->rate;
	at.tv_sec += ns / 1000000000;
	at.tv_nsec = ns % 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void run(struct publisher *p, long count)
{
	struct timespec began;
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (long n = 0; n < count;) {
		cork(p, 1);
		for (int i = 0;
		     i < (p->rate ? 1 : BURST) && n < count && p->sent - p->confirmed < WINDOW;
		     i++, n++) {
			pace(p, &began, n);
			publish(p, n);
		}
		cork(p, 0);
		read_confirms(p, p->sent - p->confirmed >= WINDOW);
	}
	while (p->confirmed < p->sent)
		read_confirms(p, true);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		raw_die("usage: raw-publish URL EXCHANGE KEY COUNT [--cork] [--rate N] [--latency "
		        "FILE] [--leave LEVEL]");
	struct publisher p = {.c = raw_connect(argv[1]), .exchange = argv[2], .key = argv[3]};
	for (int i = 5; i < argc; i++) {
		if (strcmp(argv[i], "--cork") == 0)
			p.corked = true;
		else if (strcmp(argv[i], "--rate") == 0 && i + 1 < argc)
			p.rate = raw_number(argv[++i]);
		else if (strcmp(argv[i], "--latency") == 0 && i + 1 < argc)
			p.file = argv[++i];
		else if (strcmp(argv[i], "--leave") == 0 && i + 1 < argc)
			snprintf(p.level, sizeof p.level, "warren-%02ld", raw_number(argv[++i]));
		else
			raw_die("unknown argument '%s'", argv[i]);
	}
	amqp_confirm_select(p.c, RAW_CHANNEL);
	raw_check(amqp_get_rpc_reply(p.c), "confirm.select");
	run(&p, raw_number(argv[4]));
	raw_close(p.c);
	return 0;
}
