/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a job out of a message, or says why it cannot run. Pure: time comes in as an argument. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/job/job.h"
#include "common/job/headers.h"
#include "common/job/message.h"
#include "worker/settings/worker_settings.h"
#include "worker/rules/admission.h"
#include "worker/rules/fate.h"

struct intake {
	struct job job;
	struct bookkeeping book;
	struct retry_policy policy; /* the queue's, overridden by the job's */
	unsigned delivery_count;    /* x-delivery-count */
	bool anonymous; /* nobody gave the job an id, so another one of the same second may look
	                   the same */
	/* The reason why the job will never run: "malformed", "unsigned" ... Static. NULL when it
	 * may run. */
	const char *unfit;
	bool keyless;     /* the job names a key that this worker does not have */
	char detail[256]; /* where and why it is unfit or keyless */
	struct buf clear; /* the document with its args opened; empty when they were not sealed */
};

/*
 * Reads m as a job of the queue, if admission lets it in. Fills *in, which the caller must finish.
 * An unfit job has an id as well, so that log lines and dead letters have a name.
 *
 * The id is the document's, or the message_id, or a hash of queue, body and timestamp, which is the
 * same when the message is redelivered. When a signature was checked, only signed data count. The
 * id then does not depend on message_id and timestamp, nor the type of a raw job on the message's.
 */
void intake_read(struct intake *in, const struct message *m, const struct queue_settings *queue,
                 const struct admission *admission, size_t max_body);
/*
 * Reads one document of the pack m as a job of the queue. The id is the document's, or a hash. No
 * signature is checked, because a queue that wants signed jobs opens no pack.
 */
void intake_read_packed(struct intake *in, const struct message *m, struct span document,
                        const struct queue_settings *queue, const struct admission *admission,
                        size_t max_body);
/* Fills *in with one unfit job in place of a pack that cannot be opened. reason is static. */
void intake_read_unfit(struct intake *in, const struct message *m,
                       const struct queue_settings *queue, const char *reason, const char *detail);
void intake_finish(struct intake *in);

/* Returns what keeps the job from running now. handled says that a handler takes its type, paused
 * that this handler cannot be used at present. */
enum refusal intake_refuse(const struct intake *in, int64_t now_ms, bool handled, bool paused);
