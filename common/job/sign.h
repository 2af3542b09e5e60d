/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs jobs with Ed25519, as base64. What is signed is "warren signed job 1\n", the AMQP name of
 * the queue, "\n" and the body. The name of a queue has no line end in it, so no two pairs of queue
 * and body give the same bytes. Pure.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/job/keys.h"

enum { SIGN_TEXT_SIZE = 89 }; /* with its NUL */

/* Writes the signature of a body in a queue. k is a KEY_SIGN_SECRET. Returns out. */
char *sign_job(const struct key *k, const char *amqp_queue, struct span body,
               char out[static SIGN_TEXT_SIZE]);
/*
 * Returns true if text is the signature of that body in that queue by k. k may be of either sign
 * kind, and text may be anything.
 */
bool sign_check(const struct key *k, const char *amqp_queue, struct span body, struct span text);
