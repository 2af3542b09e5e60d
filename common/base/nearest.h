/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the name that a mistyped word may stand for. Pure. */
#pragma once

#include <stddef.h>

/*
 * Returns the name with the smallest edit distance to word, or NULL if the distance is over 2 (over
 * 1 for short words).
 */
const char *nearest_name(const char *word, const char *const *names, size_t count);
