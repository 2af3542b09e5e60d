/* SPDX-License-Identifier: Apache-2.0 */
/* The kind "exec" runs a process for each job. docs/handlers.md is its contract. */
#pragma once

#include "worker/handlers/handler.h"

extern const struct handler_kind exec_kind;
