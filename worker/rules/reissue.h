/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message that carries a job on: into the delay ring, or to the dead exchange with its black
 * box. The body is the same to the byte. Pure.
 */
#pragma once

#include <stdint.h>

#include "common/job/headers.h"
#include "common/job/message.h"
#include "common/job/topology.h"
#include "worker/rules/verdict.h"

struct reissue {
	char exchange[TOPOLOGY_NAME_MAX];
	char key[TOPOLOGY_NAME_MAX];
	struct message *message; /* owned until taken */
};

/*
 * queue is the user's name; id becomes the message_id, so that a stranger's job keeps the id it got
 * here. box (may be NULL) belongs to FATE_DEAD and is JSON text. room: what the broker's frames
 * leave for headers. False: the message's foreign headers are too large to be published again
 * (headers.h); *out is untouched.
 */
bool reissue_make(struct reissue *out, const struct message *original, const char *prefix,
                  const char *queue, const char *id, const char *type,
                  const struct bookkeeping *book, const struct fate *fate, const char *box,
                  struct headers_room room);
