/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishes one message at a time and waits for its outcome, for a program that has nothing else to
 * do meanwhile. Warns in the log when the connection is lost or the broker takes no publishes.
 */
#pragma once

#include <stdint.h>

#include "common/client/outcome.h"
#include "common/job/outbound.h"
#include "common/settings/connection_settings.h"

struct single;

/*
 * Starts to connect. role is for log lines and the connection's name. queue is the name of a queue
 * that must exist, or NULL for none. Both are copied, and c is borrowed during the call. Returns
 * NULL if no thread or descriptor can be had.
 */
struct single *single_open(const struct connection_settings *c, const char *role, const char *queue,
                           struct error *err);
/* Closes the connection and frees s. Does nothing for NULL. */
void single_close(struct single *s);
/*
 * Publishes *out and takes its message. timeout_ms counts from when the connection stands. Returns
 * OUTCOME_CONFIRMED, or any other outcome with err filled. When no connection can be had, that is
 * OUTCOME_ABANDONED with the reason, and only single_close may follow.
 */
enum outcome single_publish(struct single *s, struct outbound *out, int64_t timeout_ms,
                            struct error *err);
