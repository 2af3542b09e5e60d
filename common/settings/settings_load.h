/* SPDX-License-Identifier: Apache-2.0 */
/* Settings from a configuration file and the environment. */
#pragma once

#include "common/settings/settings.h"

/*
 * Reads the file and then the environment, WARREN_<KEY> for every key of the top level. Without a
 * file, $WARREN_CONFIG names it, else it is the program's own in $XDG_CONFIG_HOME/warren,
 * ~/.config/warren or /etc/warren, which may be absent. Returns -1 with ERROR_NOINPUT if a file
 * that was named cannot be read, and else with ERROR_CONFIG, file, line and the nearest right key.
 */
int settings_load(const struct settings_schema *schema, void *settings, const char *file,
                  struct error *err);
