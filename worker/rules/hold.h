/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how long a delivery may be held, so that the broker's consumer_timeout never closes the
 * channel. Pure. Times are in ms. Each limit leaves a margin before consumer_timeout_ms, but is at
 * least half of it.
 */
#pragma once

#include <stdint.h>

/* Returns the longest timeout that an attempt may have. */
int64_t hold_attempt_ms(int64_t consumer_timeout_ms);
/* Returns how old a delivery may become before its connection is opened anew. */
int64_t hold_delivery_ms(int64_t consumer_timeout_ms);
