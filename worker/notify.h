/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd wants to hear (sd_notify(3): one datagram to $NOTIFY_SOCKET; no library needed).
 * Every call does nothing when the process was not started by systemd. From the loop's thread only.
 */
#pragma once

#include <stdint.h>

void notify_ready(void);    /* READY=1: consuming */
void notify_stopping(void); /* STOPPING=1: draining */
/* STATUS=: one line for people, in systemctl status. */
void notify_status(const char *text);
/* WATCHDOG=1 at most every third of $WATCHDOG_USEC; call it from the loop, so that a loop that
 * hangs is noticed. */
void notify_watchdog(int64_t now_ms /* monotonic */);
