/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which jobs a queue lets in: signed by a key it trusts, their args sealed to a key it has
 * (common/sign.h, seal.h). Pure but for admission_load.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/job/job.h"
#include "common/job/keys.h"
#include "common/job/message.h"
#include "worker/settings/worker_settings.h"
#include "common/job/topology.h"

/* Zero-initialised lets in everything that is not sealed. */
struct admission {
	char amqp_queue[TOPOLOGY_NAME_MAX]; /* what signatures and seals are bound to */
	struct keyring signers;             /* empty: signatures are not looked at */
	struct keyring openers;             /* empty: nothing can be opened */
	bool require_signed, require_sealed;
};

/* Reads the key files of the queue's settings; *a is to be finished also after -1. */
int admission_load(struct admission *a, const struct worker_queue_settings *q, const char *prefix,
                   struct error *err);
void admission_finish(struct admission *a);

/* Why a job may not run. */
struct objection {
	const char *reason; /* of a dead letter: "unsigned", "bad_signature", "not_sealed",
	                     * "unsealable", "malformed", or "unknown_key"; NULL: none */
	bool keyless;       /* it names a key that is not here: another worker may have it */
	char detail[256];
};

/* True: m is signed by one of the signers. False: it is not, and the objection says what is wrong
 * with that, if anything. */
bool admission_signature(const struct admission *a, const struct message *m, struct objection *o);

/*
 * Opens j's sealed args: j->args become the args, and the document of j, body, with the args in the
 * clear is appended to clear. A job that is not sealed is left as it is, with or without an
 * objection. max: of a document.
 */
void admission_open(const struct admission *a, struct job *j, struct span body, size_t max,
                    struct buf *clear, struct objection *o);
