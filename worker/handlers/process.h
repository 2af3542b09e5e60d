/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers that are long-lived processes, which read one request and write one reply a job as lines
 * of JSON (protocol.h). */
#pragma once

#include "worker/handlers/handler.h"

extern const struct handler_kind process_kind;
