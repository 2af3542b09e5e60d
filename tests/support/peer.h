/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that misbehaves in ways that no real broker can be made to. It is a TCP proxy in front of
 * the broker, on a thread of its own. It stops or resets after so many bytes or before an answer,
 * or when it is told, or it talks nonsense itself.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * How the fault of a rule looks. With PEER_STALL nothing more is read or forwarded. PEER_RESET
 * resets the connection. PEER_BABBLE sends some garbage and then stalls.
 */
enum peer_end { PEER_STALL, PEER_RESET, PEER_BABBLE };

struct peer_rule {
	/* Bytes forwarded to and from the broker before the fault. -1 means no fault that way. */
	int64_t up_bytes, down_bytes;
	enum peer_end end;
	/* If not NULL, the peer sends these bytes itself and forwards nothing. */
	const char *say;
	size_t say_len;
	/* The broker's first method of that kind (PEER_METHOD) is the fault. 0 means none. */
	uint32_t answer;
	/*
	 * How many of the first connections the rule applies to. The others are forwarded as they
	 * are.
	 */
	unsigned connections;
};

#define PEER_METHOD(class, method) ((uint32_t)(class) << 16 | (uint32_t)(method))

struct peer;

/*
 * Starts a peer in front of the broker at url, which is amqp://user:password@127.0.0.1:PORT. End it
 * with peer_stop.
 */
struct peer *peer_start(const char *url, struct peer_rule rule);
/* Like peer_start, but listens at 127.0.0.NUMBER and that port, or any for 0. */
struct peer *peer_start_at(unsigned number, int port, const char *url, struct peer_rule rule);
/* Returns the broker's URL with the peer's port in it. Valid until peer_stop. */
const char *peer_url(const struct peer *p);
/* Returns how many connections were accepted so far. */
unsigned peer_connections(struct peer *p);

/* What happens from now on on all connections that no rule has ended, and on new ones. */
enum peer_mode {
	PEER_FORWARDS,
	PEER_STALLS, /* reads nothing from either side */
	PEER_DEAF,   /* reads nothing from the client, but forwards what the broker says */
	PEER_MUTE,   /* reads nothing from the broker, but forwards what the client says */
};
/* Sets the mode. */
void peer_be(struct peer *p, enum peer_mode mode);
/* Sets the rule of the connections that come from now on. The next one is the first of them. */
void peer_rule(struct peer *p, struct peer_rule rule);
/* Resets all connections. */
void peer_cut(struct peer *p);
/* Ends all connections and the thread, and frees p. */
void peer_stop(struct peer *p);
