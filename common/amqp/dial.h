/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a TCP connection to a name in bounded time. A look-up that hangs is left behind. If a name
 * has several addresses, a dead one costs only a moment, whether it refuses or never answers. Knows
 * nothing of AMQP or TLS.
 */
#pragma once

#include "common/base/error.h"

enum { DIAL_ADDRESS_SIZE = 64 };

/*
 * Connects and returns the descriptor of the socket (non-blocking, close-on-exec, no delay,
 * keepalive), which the caller closes. Returns -1 with err filled after timeout_ms at the latest.
 */
int dial(const char *host, int port, int timeout_ms, struct error *err);
/*
 * Finds the numeric address for a caller that opens the socket itself. If the name has several
 * addresses, this is one that has just answered. Returns -1 with err filled after timeout_ms at the
 * latest.
 */
int dial_choose(const char *host, int port, int timeout_ms, char address[static DIAL_ADDRESS_SIZE],
                struct error *err);
