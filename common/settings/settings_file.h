/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file into settings. The only user of libconfig. */
#pragma once

#include "common/settings/settings.h"

/*
 * Reads the file into settings. Returns -1 with ERROR_NOINPUT if it cannot be read, else with
 * ERROR_CONFIG, file, line and the nearest right key.
 */
int settings_load_file(const struct settings_schema *schema, void *settings, const char *file,
                       struct error *err);
