/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Args that only the holder of a key can read, as base64: hpke.h, with "warren sealed args 1" as
 * info, and the job they belong to as additional data, so that they open in no other job, type or
 * queue. Pure but for the random key.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/job/keys.h"

struct seal_place {
	const char *amqp_queue, *id, *type; /* none has a line end in it */
};

/* to is a KEY_SEAL_PUBLIC or KEY_SEAL_SECRET; the text is appended. */
void seal_args(const struct key *to, const struct seal_place *place, struct span args,
               struct buf *text);
/* with is a KEY_SEAL_SECRET; the args are appended. False: altered, of another job, or for another
 * key. */
bool seal_open(const struct key *with, const struct seal_place *place, struct span text,
               struct buf *args);
