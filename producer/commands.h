/* SPDX-License-Identifier: Apache-2.0 */
/* Declares the commands of the producer, each of which has a file of its own. */
#pragma once

#include "common/settings/options.h"
#include "producer/batch/batch.h"
#include "producer/session/producer_settings.h"

extern const struct command_spec setup_command;
extern const struct command_spec send_command;
extern const struct command_spec dead_command;
extern const struct command_spec queue_command;
extern const struct command_spec keys_command;
extern const struct command_spec ping_command;
