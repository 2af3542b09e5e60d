/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which of the worker's environment variables a handler may have. Pure. */
#pragma once

#include <stdbool.h>

/* Returns false for variables ("NAME=value" or "NAME=") that no handler may have, whatever a
 * setting lists: AMQP_, WARREN_, NOTIFY_SOCKET and the like. */
bool inherit_allowed(const char *variable);
