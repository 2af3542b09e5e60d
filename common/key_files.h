/* SPDX-License-Identifier: Apache-2.0 */
/* Files of keys (keys.h): who may read and write them is checked, and none is ever overwritten. */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/keys.h"

/*
 * Reads a file of keys of one kind (or KEY_ANY) into *r, which is to be finished also after -1. A file with a secret
 * must be nobody's but its owner's to read; any must be nobody's but its owner's to write, since who can add a public
 * key decides who is trusted; the owner must be the user or root. ERROR_NOINPUT: it cannot be read. ERROR_CONFIG: all
 * else, with file, line and the way out.
 */
int key_file_read(const char *path, enum key_kind kind, struct keyring *r, struct error *err);
/* The same for a file that must hold exactly one. */
int key_file_read_one(const char *path, enum key_kind kind, struct keyring *r, struct error *err);

/* Writes a new file, for the owner alone when it is secret. ERROR_USAGE: there is one already. ERROR_IO. */
int key_file_create(const char *path, bool secret, struct span text, struct error *err);

/* The rules above for a file as fstat tells: 0 or ERROR_CONFIG. For tests; key_file_read applies them. */
int key_file_judge(const char *path, const struct stat *st, uid_t user, bool secret, struct error *err);
