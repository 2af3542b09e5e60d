/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean ...?" Pure. */
#pragma once

#include <stddef.h>

/* The name with the smallest edit distance, when it is at most 2 (1 for short words); else NULL. */
const char *nearest_name(const char *word, const char *const *names, size_t count);
