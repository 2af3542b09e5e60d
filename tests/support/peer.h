/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that misbehaves as no real broker can be made to: a TCP proxy in front of the broker that
 * stops or resets after so many bytes or before an answer, talks nonsense itself, or does so when
 * it is told. Runs on a thread of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum peer_end { PEER_STALL, PEER_RESET, PEER_BABBLE };

struct peer_rule {
	int64_t up_bytes, down_bytes; /* forwarded to and from the broker before the fault; -1: no
	                                 fault that way */
	enum peer_end end; /* STALL: neither read nor forwarded from then on; BABBLE: the same after
	                      some garbage */
	const char *say;   /* not NULL: these bytes are the peer's, and nothing is forwarded */
	size_t say_len;
	uint32_t
	    answer; /* PEER_METHOD: the broker's first method of that kind is the fault; 0: none */
	unsigned connections; /* how many of the first connections it applies to; the others are
	                         forwarded as they are */
};

#define PEER_METHOD(class, method) ((uint32_t)(class) << 16 | (uint32_t)(method))

struct peer;

/* url: a broker's, amqp://user:password@127.0.0.1:PORT. */
struct peer *peer_start(const char *url, struct peer_rule rule);
/* At 127.0.0.NUMBER and that port, 0 for any. */
struct peer *peer_start_at(unsigned number, int port, const char *url, struct peer_rule rule);
/* The same with the peer's port. Valid until peer_stop. */
const char *peer_url(const struct peer *p);
unsigned peer_connections(struct peer *p); /* accepted so far */

/* What happens on all connections that no rule has ended, from now on and on new ones. */
enum peer_mode {
	PEER_FORWARDS,
	PEER_STALLS, /* reads nothing from either side */
	PEER_DEAF,   /* reads nothing from the client; what the broker says goes on */
	PEER_MUTE,   /* reads nothing from the broker; what the client says goes on */
};
void peer_be(struct peer *p, enum peer_mode mode);
/* The rule of the connections that come from now on, the first of which is the next one. */
void peer_rule(struct peer *p, struct peer_rule rule);
/* Resets all connections. */
void peer_cut(struct peer *p);
void peer_stop(struct peer *p);
