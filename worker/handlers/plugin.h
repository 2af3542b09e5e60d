/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers that are shared objects (include/warren/plugin.h), each loaded by long-lived processes
 * of warren-plugin-host. */
#pragma once

#include "worker/handlers/handler.h"

extern const struct handler_kind plugin_kind;
