/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers that are shared objects (include/warren/plugin.h), each loaded by a long-lived process of ours. */
#pragma once

#include "worker/handlers/handler.h"

extern const struct handler_kind plugin_kind;

/* argv[1] of such a process; the shared object is argv[2]. */
#define PLUGIN_HOST_WORD "plugin-host"
/* The main of such a process: jobs in by descriptor 3, replies out by 4. Returns the exit code. */
int plugin_host_main(int argc, char **argv);
