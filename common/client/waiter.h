/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for what becomes of jobs: a queue of our own, gone with the connection, to which the
 * worker's answers are routed (docs/message-format.md). Sequential; made before the job is
 * published, so that no answer is missed.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "common/base/error.h"
#include "producer/producer_settings.h"

struct waiter;

/* NULL: no broker, or no permission to make P.reply.* and to read it. */
struct waiter *waiter_open(const struct producer_settings *s, struct error *err);
void waiter_close(struct waiter *w); /* NULL is fine */
/* For the job's reply_to. Lives as long as w. */
const char *waiter_reply_to(const struct waiter *w);
/*
 * The next answer within wait_ms, a new reference: an object with id, its message's correlation_id,
 * and kind (log, progress, retry, final). *answer is NULL when none came. -1: the connection is
 * lost (ERROR_TRYAGAIN), and what comes now will not be heard.
 */
int waiter_next(struct waiter *w, int wait_ms, json_t **answer, struct error *err);
int waiter_fd(const struct waiter *w);

/*
 * Shows one answer to people on stderr (log lines as they are, progress, retries), and the result
 * of a final one on stdout as the handler wrote it. Returns whether it was final; *code is the exit
 * code then: 0 done, 1 dead.
 */
bool waiter_show(const json_t *answer, int *code);
