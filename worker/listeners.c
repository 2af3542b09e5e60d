/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/listeners.h"

const struct listener *const listeners[] = {
    &log_listener,
    &totals_listener,
    &answer_listener,
    NULL,
};
