/* SPDX-License-Identifier: Apache-2.0 */
/* The command `batch`. */
#pragma once

#include "common/settings/options.h"

extern const struct command_spec batch_command;
