/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the frames that a broker sends together into events. A delivery or a return is a method, a
 * content header and as many body frames as the header announces, and the frames of several
 * channels come mixed. The frames are rabbitmq-c's decoded ones, so only the files named in
 * broker_internal.h use this. Pure.
 */
#pragma once

#include <amqp.h>

#include "common/amqp/broker_event.h"
#include "common/base/error.h"

enum {
	ASSEMBLER_CHANNELS = 96,
	ASSEMBLER_BODY_MAX = 128 * 1024 * 1024, /* the broker's own ceiling before 4.0 */
};

/* The contents of one connection that are not complete yet. */
struct assembler;

/* Returns an empty assembler, which the caller frees with assembler_destroy. */
struct assembler *assembler_create(void);
/* Frees a. Does nothing for NULL. */
void assembler_destroy(struct assembler *a);
/* Forgets what is incomplete on a channel. Call it when the channel was opened, also again. */
void assembler_forget(struct assembler *a, int channel);

/*
 * Takes one frame, and copies everything out of it. Returns 1 if *e is an event now, whose message
 * the caller owns. Returns 0 if there is no event yet. Returns -1 with ERROR_UNAVAILABLE if the
 * frame does not fit what came before, and the connection is useless then. The caller answers a
 * BROKER_CHANNEL_CLOSED, and handles the closing of the connection itself.
 */
int assembler_feed(struct assembler *a, const amqp_frame_t *f, struct broker_event *e,
                   struct error *err);
