/* SPDX-License-Identifier: Apache-2.0 */
/* Files of keys (keys.h). Checks who may read and write them, and never overwrites one. */
#pragma once

#include "common/base/error.h"
#include "common/job/keys.h"

/*
 * Reads a file of keys of one kind, or KEY_ANY, into *r. The caller must finish *r, also after -1.
 * Nobody else may be able to write the file, because a public key in it decides whom we trust. With
 * a secret key in it, nobody else may be able to read it (secret_file.h). Returns -1 with
 * ERROR_NOINPUT if the file is missing or may not be read, else with ERROR_CONFIG, file, line and
 * the way out.
 */
int key_file_read(const char *path, enum key_kind kind, struct keyring *r, struct error *err);
/* Like key_file_read, but returns -1 with ERROR_CONFIG unless the file holds exactly one key. */
int key_file_read_one(const char *path, enum key_kind kind, struct keyring *r, struct error *err);

/*
 * Writes a new file, which only the owner may read if it is secret. Returns -1 with ERROR_USAGE if
 * the file exists, else with ERROR_IO.
 */
int key_file_create(const char *path, bool secret, struct span text, struct error *err);
