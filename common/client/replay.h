/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishes letters of a dead queue, or of P.unroutable, again. A letter is acknowledged only after
 * the broker has confirmed its new message, so that no job is lost. A job may be there twice if the
 * connection is lost in between. Functions wait for the broker.
 */
#pragma once

#include <stdint.h>

#include "common/client/letter.h"
#include "common/settings/connection_settings.h"

struct replay;

enum replay_choice {
	REPLAY_SKIP,    /* the letter stays */
	REPLAY_PUBLISH, /* the letter is published again */
	REPLAY_STOP,    /* the letter stays, and the walk is over */
};

struct replay_options {
	const struct connection_settings *connection; /* borrowed until replay_close */
	int64_t confirm_timeout_ms;                   /* of one letter */
	enum replay_choice (*choose)(void *data, const struct letter *l);
	/* Called for each letter after its confirm, before it is acknowledged. */
	void (*replayed)(void *data, const struct letter *l);
	void *data;
};

/* Starts to connect. Returns NULL if no thread or descriptor can be had. */
struct replay *replay_open(const struct replay_options *o, struct error *err);
/* Closes the connection and frees r. Does nothing for NULL. */
void replay_close(struct replay *r);
/*
 * Walks through the queue, an AMQP name, in its order and publishes again what `choose` picks.
 * Returns -1 if that queue does not exist (CAUSE_NO_QUEUE), if the connection that reads it is
 * lost, or if a letter is not confirmed in time. When the connection that publishes is lost, it is
 * opened again and the letter published again. A letter that is not confirmed stays where it is,
 * and only replay_close may follow.
 */
int replay_queue(struct replay *r, const char *queue, struct error *err);
