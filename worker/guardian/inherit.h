/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the worker's variables a handler may have. Pure. */
#pragma once

#include <stdbool.h>

/* "NAME=value", or "NAME=". Never AMQP_, WARREN_, NOTIFY_SOCKET, WATCHDOG_ ..., whatever a setting
 * may list. */
bool inherit_allowed(const char *variable);
