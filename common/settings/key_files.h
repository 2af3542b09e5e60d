/* SPDX-License-Identifier: Apache-2.0 */
/* Files of keys (keys.h): who may read and write them is checked, and none is ever overwritten. */
#pragma once

#include "common/base/error.h"
#include "common/job/keys.h"

/*
 * Reads a file of keys of one kind (or KEY_ANY) into *r, which is to be finished also after -1.
 * secret_file.h has the rules: any is trusted, since who can add a public key decides who is, and
 * one with a secret in it is closed too. ERROR_NOINPUT: there is none, or it may not be read.
 * ERROR_CONFIG: all else, with file, line and the way out.
 */
int key_file_read(const char *path, enum key_kind kind, struct keyring *r, struct error *err);
/* The same for a file that must hold exactly one. */
int key_file_read_one(const char *path, enum key_kind kind, struct keyring *r, struct error *err);

/* Writes a new file, for the owner alone when it is secret. ERROR_USAGE: there is one already.
 * ERROR_IO. */
int key_file_create(const char *path, bool secret, struct span text, struct error *err);
