/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the message that carries a job on: into the delay ring, or to the dead letters. Pure. */
#pragma once

#include "common/job/headers.h"
#include "common/job/message.h"
#include "common/job/topology.h"
#include "worker/rules/fate.h"

struct republish {
	char exchange[TOPOLOGY_NAME_MAX];
	char key[TOPOLOGY_NAME_MAX];
	struct message *message; /* owned until taken */
};

/* What a republish is made from. All borrowed. */
struct republish_source {
	const struct message *original; /* its body, properties and foreign headers are kept */
	const char *queue;              /* the user's name */
	const char *id;   /* becomes the message_id, so that a stranger's job keeps it */
	const char *type; /* NULL: the original's */
	const struct bookkeeping *book;
	const struct fate *fate; /* FATE_RING or FATE_DEAD */
	const char *box;         /* FATE_DEAD: JSON text, or NULL */
};

/*
 * Fills *out with the republish of s. Its body is the original's to the byte. room is what the
 * broker's frames leave for headers. Returns false, and leaves *out alone, when the original's
 * foreign headers are too large to be published again (headers.h).
 */
bool republish_make(struct republish *out, const struct republish_source *s, const char *prefix,
                    struct headers_room room);
