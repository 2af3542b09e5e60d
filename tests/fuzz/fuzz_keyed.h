/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are the same in every run, so that an input that fails once fails again. */
#pragma once

#include "common/job/keys.h"

/* Returns a ring with one key, whose secret bytes are all number. The caller finishes it. */
struct keyring fuzz_keyring(enum key_kind kind, const char *kid, unsigned char number);
