/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers from the kernel, for jitter and identifiers. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Fills out with len random bytes. Aborts if the kernel gives none. */
void random_bytes(void *out, size_t len);
/* Returns a random number in [0, 1), evenly distributed. */
double random_unit(void);
