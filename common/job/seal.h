/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seals args so that only the holder of a key can read them. The text is base64 of hpke.h's output,
 * with "warren sealed args 1" as info and the job as additional data. So it opens in no other job,
 * type or queue. Pure but for the random key.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/job/keys.h"

/* The job that sealed args belong to. None of the texts has a line end in it. */
struct seal_place {
	const char *amqp_queue, *id, *type; /* none has a line end in it */
};

/* Appends args as sealed text. to is a KEY_SEAL_PUBLIC or KEY_SEAL_SECRET. */
void seal_args(const struct key *to, const struct seal_place *place, struct span args,
               struct buf *text);
/*
 * Appends the args that text holds. with is a KEY_SEAL_SECRET. Returns false if the text was
 * altered, belongs to another job, or was sealed to another key.
 */
bool seal_open(const struct key *with, const struct seal_place *place, struct span text,
               struct buf *args);
