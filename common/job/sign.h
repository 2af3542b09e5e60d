/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of jobs: Ed25519 over "warren signed job 1\n", the AMQP name of the queue, "\n" and
 * the body, as base64. A queue's name has no line end in it, so no two pairs of queue and body give
 * the same bytes. Pure.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/job/keys.h"

enum { SIGN_TEXT_SIZE = 89 }; /* with its NUL */

/* k is a KEY_SIGN_SECRET. Returns out. */
char *sign_job(const struct key *k, const char *amqp_queue, struct span body,
               char out[static SIGN_TEXT_SIZE]);
/* Is text k's signature of that body in that queue? k may be of either sign kind; text anything. */
bool sign_check(const struct key *k, const char *amqp_queue, struct span body, struct span text);
