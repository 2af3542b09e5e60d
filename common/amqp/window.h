/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The publishes of one link that have no final answer yet: what is unsent, what is sent and on
 * which confirm tag, what the broker has said about each. Pure: time comes in as an argument,
 * endings go out through a callback.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/job/message.h"

enum { WINDOW_NACKS_MAX = 3 };

struct publish {
	struct list link;        /* window::unsent or window::sent */
	struct list by_deadline; /* window::expiring; empty: it has none */
	uint64_t token;
	uint64_t tag;           /* 0: not sent on this connection */
	int64_t deadline_at_ms; /* monotonic; INT64_MAX: none */
	unsigned nacks;
	char *returned; /* the broker's words for a basic.return; NULL: none. Its confirm follows
	                   and ends it. */
	char *exchange;
	char *key;
	struct message *message;
};

enum window_end { WINDOW_CONFIRMED, WINDOW_RETURNED, WINDOW_NACKED, WINDOW_TIMEDOUT, WINDOW_UNFIT };
/* text: the broker's words of a return or a refusal, or why it is unfit, or NULL. */
typedef void window_end_fn(void *data, uint64_t token, enum window_end end, const char *text);

struct window {
	struct list unsent;   /* publish::link, in the order they are to go out */
	struct list sent;     /* publish::link, by tag */
	struct list expiring; /* publish::by_deadline, the earliest first: asked for at every wake
	                         of the link */
	window_end_fn *end;
	void *data;
};

void window_init(struct window *w, window_end_fn *end, void *data);
void window_finish(struct window *w); /* frees without telling */

/* Takes message. */
void window_add(struct window *w, uint64_t token, const char *exchange, const char *key,
                struct message *message, int64_t deadline_at_ms);
/* The next to write, or NULL. After writing it: window_wrote. */
struct publish *window_next(struct window *w);
void window_wrote(struct window *w, struct publish *p, uint64_t tag);
/* It can never be written (its headers do not fit): ends as unfit with that text. */
void window_unfit(struct window *w, struct publish *p, const char *text);
/*
 * The broker has closed the channel over a body of that size: the oldest that was sent with such a
 * body ends as unfit, so that it does not close the next channel too. False: there is none.
 */
bool window_oversized(struct window *w, size_t body_size, const char *text);

/* The broker closed the channel over one to that exchange: those that were sent to it end as nacked
 * with its words. */
void window_refuse_exchange(struct window *w, const char *exchange, size_t len, const char *text);

void window_acked(struct window *w, uint64_t tag, bool multiple);
/* True when one of them is to be tried again, over a fresh connection. */
bool window_nacked(struct window *w, uint64_t tag, bool multiple);
/* Notes that the broker has returned a publish: the oldest with that message_id, or, for NULL, the
 * oldest without one. */
void window_returned(struct window *w, const char *message_id, const char *text);
/* Ends all whose deadline has passed. Returns the next deadline, INT64_MAX when there is none. */
int64_t window_expire(struct window *w, int64_t now_ms);
/* The connection is gone: what was sent goes out again, in order, before what was not. */
void window_rewind(struct window *w);
