/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/guardian/spawn_limits.h"

const struct spawn_limits spawn_unlimited = {.memory = SPAWN_UNLIMITED,
                                             .cpu_s = SPAWN_UNLIMITED,
                                             .files = SPAWN_UNLIMITED,
                                             .processes = SPAWN_UNLIMITED,
                                             .file_size = SPAWN_UNLIMITED,
                                             .umask = SPAWN_UNLIMITED};
