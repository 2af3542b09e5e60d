/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold a secret: a password, a private key. */
#pragma once

#include "common/error.h"

/*
 * Opens it for reading. It must be closed to others, and to a group unless root is its owner (so a key may be shared
 * with a group such as Debian's ssl-cert). what names the setting. -1: ERROR_CONFIG.
 */
int secret_file_open(const char *what, const char *path, struct error *err);
