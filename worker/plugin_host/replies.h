/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of a plugin's process on their way to the worker. A system call for each would cost more
 * than a short job, so a reply may be held until those behind it are there too; but not for long,
 * whatever the plugin does meanwhile: a thread writes what has been held for a millisecond, and
 * what is held when the process crashes or exits is written first. Only SIGKILL and _exit lose held
 * replies: their jobs then run again.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"

/* Call once, before any other. False: no thread could be had; nothing is held then. */
bool replies_begin(int fd);
/* Takes a copy of whole lines. hold: more will follow at once. False: nobody reads them any more.
 */
bool replies_add(const struct buf *lines, bool hold);
