/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the program that a command names. */
#pragma once

#include "common/base/error.h"

/* Splits a command (words.h) and finds its program, as it is when it has a '/', otherwise in PATH.
 * Both results are the caller's. Returns -1 with ERROR_CONFIG. */
int program_find(const char *command, char **program, char ***words, struct error *err);
