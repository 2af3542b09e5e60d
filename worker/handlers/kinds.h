/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all handler kinds, by the word before ':' in a handler's run text. */
#pragma once

#include "worker/handlers/handler.h"

/*
 * Makes a handler of the kind that settings->run names. Returns NULL with ERROR_CONFIG, which names
 * the handler and the way out. The settings are borrowed. The handler ends by handler_stop and
 * handler_destroy.
 */
struct handler *kinds_open(uv_loop_t *loop, struct guardian *g,
                           const struct worker_settings *worker,
                           const struct handler_settings *settings, struct error *err);
