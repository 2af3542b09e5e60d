/* SPDX-License-Identifier: Apache-2.0 */
/* One file per command; main.c finds them by name. */
#pragma once

#include "common/settings/options.h"
#include "producer/producer_settings.h"

extern const struct command_spec setup_command;
extern const struct command_spec send_command;
extern const struct command_spec batch_command;
extern const struct command_spec dead_command;
extern const struct command_spec queue_command;
extern const struct command_spec keys_command;
extern const struct command_spec ping_command;
