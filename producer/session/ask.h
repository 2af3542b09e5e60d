/* SPDX-License-Identifier: Apache-2.0 */
/* Asks before something is deleted. */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"

/*
 * Asks the question on the terminal unless yes is true. Returns 0 if the user agrees, -1 with
 * ERROR_FAILED if not, and -1 with ERROR_USAGE if there is no terminal.
 */
int ask_yes(const char *question, bool yes, struct error *err);
