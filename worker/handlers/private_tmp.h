/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary folder of a handler process's own, told by TMPDIR, removed with all that is in it. */
#pragma once

#include <uv.h>

#include "worker/guardian/spawn_limits.h"

/* Below $TMPDIR or /tmp, owned by the limits' user. NULL: errno. */
char *private_tmp_make(const struct spawn_limits *l);
/* Takes path (NULL is fine). In a thread of libuv's: there may be a lot in it. */
void private_tmp_remove(uv_loop_t *loop, char *path);
