/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames of a publish as bytes, so that many go out by one write: rabbitmq-c makes three system
 * calls of each (method, header, body). What is in the frames is encoded by rabbitmq-c. On the
 * broker's side of the wall (broker_internal.h), included by it alone.
 */
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include "common/base/buf.h"

/*
 * Appends a basic.publish (AMQP 0-9-1, 2.3.5 and 4.2) to out. header_max: bytes that the properties
 * take at most. frame_max: of a whole frame. False, and out as it was: memory, or the properties
 * are larger.
 */
bool publish_frames_append(struct buf *out, int channel, const amqp_basic_publish_t *method,
                           const amqp_basic_properties_t *properties, size_t header_max,
                           struct span body, size_t frame_max);
