/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens files that hold a secret (a password, a private key) or decide who is trusted, if nobody
 * else may read or change them.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "common/base/error.h"

enum secret_rule {
	/*
	 * Others may not read it. A group may read it only if root owns the file. So a key may be
	 * shared with a group such as Debian's ssl-cert, or with the group of the user who runs the
	 * program.
	 */
	SECRET_CLOSED = 1,
	/*
	 * The file belongs to the user or root and is a plain file, and nobody else can write it.
	 */
	SECRET_TRUSTED = 2,
};

/*
 * Opens path for reading if it follows the rules (a sum of enum secret_rule). what names the
 * setting in messages. Returns the descriptor, which the caller closes, or -1 with ERROR_CONFIG.
 */
int secret_file_open(const char *what, const char *path, unsigned rules, struct error *err);

/*
 * Checks the rules for the open file fd and the user who runs this. Returns 0, or -1 with
 * ERROR_CONFIG and the way out in the text.
 */
int secret_file_check(const char *what, const char *path, int fd, unsigned rules,
                      struct error *err);

/*
 * Checks like secret_file_check, for a file that is described by st and for that user. For tests.
 */
int secret_file_judge(const char *what, const char *path, const struct stat *st, uid_t user,
                      unsigned rules, struct error *err);
