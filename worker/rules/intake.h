/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a message to a job that can run, or the reason why it cannot. Pure: time comes in as an
 * argument.
 */
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
	bool anonymous; /* nobody gave it an id, so that another job in the same second may look the
	                   same */
	const char *unfit; /* the reason why it will never run: "malformed", "unsigned" ...
	                      (static); NULL: it may */
	bool keyless;      /* it names a key that this worker has not */
	char detail[256];  /* of either: where and why */
	struct buf clear;  /* the document with its args opened; empty when they were not sealed */
};

/*
 * Reads m as a job of the queue, if admission lets it in. Fills *in wholly (intake_finish frees
 * it), also when unfit: then the job has an id all the same, so that log lines and dead letters
 * have a name. The id: the document's; else message_id; else a hash of queue, body and timestamp,
 * which comes out the same when the message is redelivered. Of a job whose signature was checked
 * only what is signed counts: not message_id and timestamp for the id, and not the message's type
 * for a raw body.
 */
void intake_read(struct intake *in, const struct message *m, const struct queue_settings *queue,
                 const struct admission *admission, size_t max_body);
/*
 * The same for a document of the pack m. Its id is the document's, else a hash; signatures are not
 * looked at, for the pack's is over all of them. A queue that wants signed jobs opens no pack.
 */
void intake_read_packed(struct intake *in, const struct message *m, struct span document,
                        const struct queue_settings *queue, const struct admission *admission,
                        size_t max_body);
/* A pack that cannot be opened, as one job that is unfit for that reason (static). */
void intake_refuse_whole(struct intake *in, const struct message *m,
                         const struct queue_settings *queue, const char *reason,
                         const char *detail);
void intake_finish(struct intake *in);

/* May it run now? handled: a handler takes its type; paused: that handler cannot be started at
 * present. */
enum refusal intake_refuse(const struct intake *in, int64_t now_ms, bool handled, bool paused);
