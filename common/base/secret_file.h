/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold a secret (a password, a private key) or decide who is trusted: who else may read
 * and write them. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "common/base/error.h"

enum secret_rule {
	/* Closed to others, and to a group unless root is its owner (so a key may be shared with a
	 * group such as Debian's ssl-cert, or with that of the user who runs the program). */
	SECRET_CLOSED = 1,
	/* A plain file of the user's or root's that nobody else can write. */
	SECRET_TRUSTED = 2,
};

/* Opens it for reading by these rules (a sum). what names the setting, or what it is. -1:
 * ERROR_CONFIG. */
int secret_file_open(const char *what, const char *path, unsigned rules, struct error *err);

/* The rules for a file that is open, as the user who runs this; 0 or ERROR_CONFIG with the way out.
 */
int secret_file_check(const char *what, const char *path, int fd, unsigned rules,
                      struct error *err);

/* The same for a file as fstat tells. For tests. */
int secret_file_judge(const char *what, const char *path, const struct stat *st, uid_t user,
                      unsigned rules, struct error *err);
