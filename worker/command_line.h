/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the options that the worker's commands share into the settings. */
#pragma once

#include "common/base/error.h"
#include "common/settings/options.h"
#include "worker/settings/worker_settings.h"

/* Adds the handlers of --handler, and the command behind "--", which takes every type. */
int command_line_handlers(struct worker_settings *s, const struct options *o, struct error *err);
/* Uses the queues of -q, with the keys of --signed-by and --open-with. */
int command_line_queues(struct worker_settings *s, const struct options *o, struct error *err);
/* Checks the settings. Returns -1 also when there is no handler, or a timeout that reaches the
 * broker's consumer_timeout. */
int command_line_check(struct worker_settings *s, struct error *err);
