/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the worker. Each has a file, and main.c lists them. */
#pragma once

#include "common/settings/options.h"
#include "worker/settings/worker_settings.h"

extern const struct command_spec run_command, test_command, check_command;
