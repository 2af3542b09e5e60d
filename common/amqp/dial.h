/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP connection to a name, in bounded time: a look-up that hangs is left behind, and of several
 * addresses one that is dead costs no more than a moment, whether it refuses or swallows
 * everything. Knows nothing of AMQP or TLS.
 */
#pragma once

#include "common/base/error.h"

enum { DIAL_ADDRESS_SIZE = 64 };

/*
 * The descriptor of a connected socket (non-blocking, close-on-exec, no delay, keepalive), the
 * caller's; -1 after timeout_ms at the latest.
 */
int dial(const char *host, int port, int timeout_ms, struct error *err);
/*
 * For who must connect by itself: the numeric address to connect to, the only one or of several one
 * that has just answered.
 */
int dial_choose(const char *host, int port, int timeout_ms, char address[static DIAL_ADDRESS_SIZE],
                struct error *err);
