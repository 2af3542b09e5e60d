/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raw-consume URL QUEUE COUNT ACK_EVERY PREFETCH [--latency FILE]
 *
 * Consumes COUNT messages and acknowledges every ACK_EVERYth with all before it. --latency: appends
 * to the file, for each job, the nanoseconds since it was published.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/raw.h"

static void record(int fd, amqp_bytes_t body)
{
	int64_t ns = raw_now_ns() - raw_time_of(body.bytes, body.len);
	if (fd >= 0 && write(fd, &ns, sizeof ns) != sizeof ns)
		raw_die("the latency cannot be written");
}

int main(int argc, char **argv)
{
	bool timed = argc == 8 && strcmp(argv[6], "--latency") == 0;
	if (argc != 6 && !timed)
		raw_die("usage: raw-consume URL QUEUE COUNT ACK_EVERY PREFETCH [--latency FILE]");
	long count = raw_number(argv[3]), every = raw_number(argv[4]),
	     prefetch = raw_number(argv[5]);
	int fd = timed ? open(argv[7], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	amqp_connection_state_t c = raw_connect(argv[1]);
	amqp_basic_qos(c, RAW_CHANNEL, 0, (uint16_t)prefetch, 0);
	raw_check(amqp_get_rpc_reply(c), "qos");
	amqp_basic_consume(c, RAW_CHANNEL, amqp_cstring_bytes(argv[2]), amqp_empty_bytes, 0, 0, 0,
	                   amqp_empty_table);
	raw_check(amqp_get_rpc_reply(c), "consume");
	for (long n = 1; n <= count; n++) {
		amqp_envelope_t e;
		amqp_maybe_release_buffers(c);
		raw_check(amqp_consume_message(c, &e, NULL, 0), "delivery");
		if (fd >= 0)
			record(fd, e.message.body);
		if ((n % every == 0 || n == count) &&
		    amqp_basic_ack(c, RAW_CHANNEL, e.delivery_tag, every > 1) != 0)
			raw_die("ack");
		amqp_destroy_envelope(&e);
	}
	raw_close(c);
	return 0;
}
