/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of a link: it connects, works while the connection is up, and connects again. */
#pragma once

#include "common/amqp/link_state.h"

/*
 * The start routine of the thread. l is the link. Returns NULL when the link is told to stop, or
 * after LINK_FAILED.
 */
void *link_thread(void *l);
/*
 * Tells the owner how a publish ended. This is the callback of the link's window, and data is the
 * link.
 */
void link_publish_ended(void *data, uint64_t token, enum window_end end, const struct error *why);
