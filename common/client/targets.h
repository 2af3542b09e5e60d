/* SPDX-License-Identifier: Apache-2.0 */
/* Which queues exist, asked once each over a connection of its own before the first publish to
 * them. */
#pragma once

#include <stdbool.h>

#include "common/settings/connect.h"

struct targets;

/* NULL: no broker. */
struct targets *targets_open(const struct connection_settings *c, struct error *err);
void targets_close(struct targets *t);
/* 0: it exists. -1: ERROR_CONFIG, it does not (err names the command to run); or the connection is
 * lost. */
int targets_check(struct targets *t, const char *queue, struct error *err);
