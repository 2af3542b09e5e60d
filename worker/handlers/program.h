/* SPDX-License-Identifier: Apache-2.0 */
/* The program that a command names. */
#pragma once

#include "common/base/error.h"

/* Splits a command (words.h) and finds its program: with a '/' as it is, else in PATH.
 * ERROR_CONFIG. Both are the caller's. */
int program_find(const char *command, char **program, char ***words, struct error *err);
