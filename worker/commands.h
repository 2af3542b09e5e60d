/* SPDX-License-Identifier: Apache-2.0 */
/* One file per command; main.c finds them by name. */
#pragma once

#include "common/settings/options.h"
#include "worker/settings/worker_settings.h"

extern const struct command_spec run_command, test_command, check_command;
