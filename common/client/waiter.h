/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits for the answers that workers send about jobs (docs/message-format.md). They are routed to
 * an exclusive queue, which the broker deletes together with the connection. Open the waiter before
 * the job is published, so that no answer is missed.
 */
#pragma once

#include <jansson.h>

#include "common/base/error.h"
#include "common/settings/connection_settings.h"

struct waiter;

/*
 * Connects and makes the queue. Returns NULL if there is no broker, or no permission to make and
 * read P.reply.*. The settings are borrowed during the call only.
 */
struct waiter *waiter_open(const struct connection_settings *c, struct error *err);
/* Closes the connection and frees w. Does nothing for NULL. */
void waiter_close(struct waiter *w);
/* Returns what the job's reply_to must be. The text lives as long as w. */
const char *waiter_reply_to(const struct waiter *w);
/*
 * Waits up to wait_ms for the next answer. *answer becomes a new reference, or NULL if none came.
 * An answer is an object with id, kind (log, progress, retry, final) and the correlation_id of its
 * message. Returns -1 with ERROR_TRYAGAIN if the connection is lost. Answers that are sent
 * afterwards are not heard.
 */
int waiter_next(struct waiter *w, int wait_ms, json_t **answer, struct error *err);
/* Returns the descriptor to poll before waiter_next. It belongs to w. */
int waiter_fd(const struct waiter *w);
