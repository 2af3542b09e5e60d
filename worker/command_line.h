/* SPDX-License-Identifier: Apache-2.0 */
/* What the worker's commands take alike from their command lines into the settings. */
#pragma once

#include "common/base/error.h"
#include "common/settings/options.h"
#include "worker/settings/worker_settings.h"

/* --handler, and the command behind "--", which takes every type. */
int command_line_handlers(struct worker_settings *s, const struct options *o, struct error *err);
/* -q, --signed-by, --open-with */
int command_line_queues(struct worker_settings *s, const struct options *o, struct error *err);
/* settings_check; is there a handler, and does no timeout reach the broker's consumer_timeout? */
int command_line_check(struct worker_settings *s, struct error *err);
