/* SPDX-License-Identifier: Apache-2.0 */
/* The question before something is deleted. */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"

/* 0: yes. Without a terminal and without --yes it is refused: ERROR_USAGE. A "no": ERROR_FAILED. */
int ask_yes(const char *question, bool yes, struct error *err);
