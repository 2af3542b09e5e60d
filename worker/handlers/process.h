/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers that are long-lived processes: JSON Lines, one request and one reply per job
 * (protocol.h). */
#pragma once

#include "worker/handlers/handler.h"

extern const struct handler_kind process_kind;
