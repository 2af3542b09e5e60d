/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker sends, frame by frame, put together into events: a delivery or a return is a
 * method, a content header and as many body frames as the header announces, and the frames of
 * several channels come mixed. Fed with rabbitmq-c's decoded frames; on the broker's side of the
 * wall (broker_internal.h). Pure: it reads and answers nothing.
 */
#pragma once

#include <amqp.h>

#include "common/amqp/broker_event.h"
#include "common/base/error.h"

enum {
	ASSEMBLER_CHANNELS = 96,
	ASSEMBLER_BODY_MAX = 128 * 1024 * 1024, /* the broker's own ceiling before 4.0 */
};

struct assembler; /* of one connection */

struct assembler *assembler_create(void);
void assembler_destroy(struct assembler *a); /* NULL is fine */
/* The channel was opened (again): nothing of it is under way. */
void assembler_forget(struct assembler *a, int channel);

/*
 * 1: *e is an event, whose message is the caller's. 0: nothing to tell yet. -1: the frame fits
 * nothing that came before it, and the connection is of no use any more; *e is nothing. All is
 * copied out of the frame. A closing of the channel is told but not answered; of the connection it
 * knows nothing.
 */
int assembler_feed(struct assembler *a, const amqp_frame_t *f, struct broker_event *e,
                   struct error *err);
