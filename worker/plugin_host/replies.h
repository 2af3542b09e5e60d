/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of a plugin's process on their way to the worker. A system call for each would cost more
 * than a short job, so a reply may be held until those behind it are there too. A thread writes
 * what has been held for a millisecond, whatever the plugin does meanwhile. What is held when the
 * process crashes or exits is written first. Only SIGKILL and _exit lose held replies, and their
 * jobs then run again.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"

/* Starts the thread. Call it once, before any other function. Returns false when no thread could be
 * had, and then nothing is held. */
bool replies_begin(int fd);
/* Takes a copy of whole lines. hold says that more will follow at once. Returns false when nobody
 * reads them any more. */
bool replies_add(const struct buf *lines, bool hold);
