/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Knows which queues exist. Asks the broker once for each queue, over a connection of its own,
 * before the first publish to it.
 */
#pragma once

#include <stdbool.h>

#include "common/settings/connect.h"

struct targets;

/* Connects. Returns NULL if no broker lets us in. Borrows the settings until targets_close. */
struct targets *targets_open(const struct connection_settings *c, struct error *err);
/* Closes the connection and frees t. Does nothing for NULL. */
void targets_close(struct targets *t);
/*
 * Returns 0 if the queue exists, or if this user may not ask. Returns -1 with ERROR_CONFIG if it
 * does not exist, and with another kind if the connection is lost. queue is the name that the user
 * knows.
 */
int targets_check(struct targets *t, const char *queue, struct error *err);
/* Says in err that the queue does not exist and which command creates it. Returns -1. */
int targets_missing(const char *queue, struct error *err);
