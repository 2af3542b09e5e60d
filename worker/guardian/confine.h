/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler's settings allow its processes: from names and texts to what the guardian applies.
 */
#pragma once

#include "common/base/error.h"
#include "worker/settings/worker_settings.h"
#include "worker/guardian/spawn_limits.h"

/*
 * -1: ERROR_CONFIG naming the user, group or folder that is not there, what this process may not
 * do, or that the user may not run the program (a path).
 */
int confine_read(const struct handler_settings *s, const char *program, struct spawn_limits *l,
                 struct error *err);
/* In words for the log: "memory 500M by RLIMIT_AS, user nobody"; "" when there are none. Returns
 * out. */
char *confine_describe(const struct handler_settings *s, char *out, size_t size);
