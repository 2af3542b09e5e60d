/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells systemd how the worker is (sd_notify(3)): a datagram to $NOTIFY_SOCKET, without a library.
 * Every call does nothing if systemd did not start the process. Call from the loop's thread only.
 */
#pragma once

#include <stdint.h>

/* Says that the worker consumes (READY=1). */
void notify_ready(void);
/* Says that the worker drains (STOPPING=1). */
void notify_stopping(void);
/* Shows a line for people in systemctl status (STATUS=). */
void notify_status(const char *text);
/* Says that the loop is alive (WATCHDOG=1), at most every third of $WATCHDOG_USEC. Call it from the
 * loop, so that a loop that hangs is noticed. */
void notify_watchdog(int64_t now_ms /* monotonic */);
