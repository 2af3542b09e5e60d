/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/journal/listeners.h"

/* Each is defined by the file of its name. */
extern const struct listener log_listener, totals_listener, answer_listener, notify_listener;

const struct listener *const listeners[] = {
    &log_listener, &totals_listener, &answer_listener, &notify_listener, NULL,
};
