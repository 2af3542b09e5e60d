/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what a handler's settings allow its processes, and turns names and texts into the limits
 * that the guardian applies. */
#pragma once

#include "common/base/error.h"
#include "worker/settings/worker_settings.h"
#include "worker/guardian/spawn_limits.h"

/*
 * Fills in *l. Returns -1 with ERROR_CONFIG when the user, the group or the folder does not exist,
 * when this process may not do what is wanted, or when the user may not run the program (a path).
 */
int confine_read(const struct handler_settings *s, const char *program, struct spawn_limits *l,
                 struct error *err);
/* Writes the limits in words for the log, such as "open files 100, user nobody", or "" when there
 * are none. Returns out. */
char *confine_describe(const struct handler_settings *s, char *out, size_t size);
