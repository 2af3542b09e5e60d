/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the publishes of one link that have no final answer yet: which are unsent, which are sent
 * with which confirm tag, and what the broker has said about each. Pure. Time comes in as an
 * argument, and a callback is told how each publish ended.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/list.h"
#include "common/job/message.h"

enum { WINDOW_NACKS_MAX = 3 };

struct publish {
	struct list link;        /* window::unsent or window::sent */
	struct list by_deadline; /* window::expiring; an empty list if there is no deadline */
	uint64_t token;
	uint64_t tag;           /* 0 if not sent on this connection */
	int64_t deadline_at_ms; /* monotonic; INT64_MAX for none */
	unsigned nacks;
	/*
	 * Why it was returned, with the broker's words, or NULL. The publish ends with the confirm
	 * that follows.
	 */
	struct error *returned;
	char *exchange;
	char *key;
	struct message *message;
};

enum window_end { WINDOW_CONFIRMED, WINDOW_RETURNED, WINDOW_NACKED, WINDOW_TIMEDOUT, WINDOW_UNFIT };
/*
 * Is told how a publish ended. why has the broker's words of a return or a refusal, or says why the
 * publish is unfit, or is NULL. It is borrowed for the call.
 */
typedef void window_end_fn(void *data, uint64_t token, enum window_end end,
                           const struct error *why);

struct window {
	struct list unsent; /* publish::link, in the order they are to go out */
	struct list sent;   /* publish::link, by tag */
	/* publish::by_deadline, the earliest first, because the link asks for it at every wake. */
	struct list expiring;
	window_end_fn *end;
	void *data;
};

/* Makes w empty. end is called with data for each publish that ends. */
void window_init(struct window *w, window_end_fn *end, void *data);
/* Frees all publishes without calling end. */
void window_finish(struct window *w);

/* Adds an unsent publish behind all others. Takes message, copies exchange and key. */
void window_add(struct window *w, uint64_t token, const char *exchange, const char *key,
                struct message *message, int64_t deadline_at_ms);
/* Returns the next publish to write, or NULL. The caller writes it and calls window_wrote. */
struct publish *window_next(struct window *w);
/* Notes that p was sent with that confirm tag. */
void window_wrote(struct window *w, struct publish *p, uint64_t tag);
/* Ends p as unfit, because its headers do not fit into a frame. */
void window_unfit(struct window *w, struct publish *p, const struct error *why);
/*
 * Ends the oldest publish that was sent with a body of that size as unfit. Call it when the broker
 * closed the channel because of such a body, so that the publish does not close the next channel
 * too. Returns false if there is none.
 */
bool window_oversized(struct window *w, size_t body_size, const struct error *why);

/*
 * Ends all publishes that were sent to the exchange as nacked, with why as the reason. Call it
 * when the broker closed the channel because of that exchange.
 */
void window_refuse_exchange(struct window *w, struct span exchange, const struct error *why);

/* Notes a confirm of tag, with multiple of all tags up to it. */
void window_acked(struct window *w, uint64_t tag, bool multiple);
/*
 * Notes a nack of tag, with multiple of all tags up to it. Returns true if at least one publish is
 * to be tried again, on a new connection. A publish ends as nacked after WINDOW_NACKS_MAX nacks.
 */
bool window_nacked(struct window *w, uint64_t tag, bool multiple);
/*
 * Notes that the broker has returned a publish: the oldest with that message_id, or, for NULL, the
 * oldest without one.
 */
void window_returned(struct window *w, const char *message_id, const char *text);
/*
 * Ends all publishes whose deadline has passed. Returns the next deadline, or INT64_MAX for none.
 */
int64_t window_expire(struct window *w, int64_t now_ms);
/*
 * Makes all sent publishes unsent again, in their order and before the others. Call it when the
 * connection is lost.
 */
void window_rewind(struct window *w);
