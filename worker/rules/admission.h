/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which jobs a queue lets in: those signed by a key that it trusts, with args sealed to a
 * key that it has (sign.h and seal.h in common/job). Pure, except for admission_load.
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

/* When zeroed it lets in everything that is not sealed. */
struct admission {
	char amqp_queue[TOPOLOGY_NAME_MAX]; /* what signatures and seals are bound to */
	struct keyring signers;             /* empty: signatures are not looked at */
	struct keyring openers;             /* empty: nothing can be opened */
	bool require_signed, require_sealed;
};

/* Reads the key files of the queue's settings. Returns -1 with ERROR_CONFIG or ERROR_NOINPUT when
 * one is wrong. The caller must finish *a in both cases. */
int admission_load(struct admission *a, const struct worker_queue_settings *q, const char *prefix,
                   struct error *err);
void admission_finish(struct admission *a);

/* The reason why a job may not run, if there is one. */
struct objection {
	/* The reason of a dead letter: "unsigned", "bad_signature", "not_sealed", "unsealable",
	 * "malformed" or "unknown_key". NULL when there is no objection. */
	const char *reason;
	bool keyless; /* the job names a key that another worker may have */
	char detail[256];
};

/* Returns true if one of the signers signed m. Otherwise *o says what is wrong with that, if
 * anything. */
bool admission_signature(const struct admission *a, const struct message *m, struct objection *o);

/*
 * Opens j's sealed args and puts them into j->args. Appends the document of j, which is body, with
 * the args in the clear to clear. Leaves a job that is not sealed as it is, with or without an
 * objection. max is the largest size of a document.
 */
void admission_open(const struct admission *a, struct job *j, struct span body, size_t max,
                    struct buf *clear, struct objection *o);
