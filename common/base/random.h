/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers from the kernel, for jitter and identifiers. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t len); /* aborts when the kernel gives none */
double random_unit(void);                 /* evenly in [0, 1) */
