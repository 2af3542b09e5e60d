/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and removes a temporary folder for one handler process, which finds it by TMPDIR. */
#pragma once

#include <uv.h>

#include "worker/guardian/spawn_limits.h"

/* Makes a folder below $TMPDIR or /tmp, owned by the user of the limits. Returns its path, or NULL
 * with errno. */
char *private_tmp_make(const struct spawn_limits *l);
/* Removes the folder with all that is in it, in a thread of libuv, because there may be a lot.
 * Takes path, which may be NULL. */
void private_tmp_remove(uv_loop_t *loop, char *path);
