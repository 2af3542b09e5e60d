/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the frames of a publish as bytes, so that many publishes go out by one write. rabbitmq-c
 * itself makes three system calls of each publish (method, header, body). It still encodes what is
 * in the frames. Only the files named in broker_internal.h use this.
 */
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include "common/base/buf.h"

/*
 * Appends a basic.publish (AMQP 0-9-1, 2.3.5 and 4.2) to out. The properties take header_max bytes
 * at most, and a whole frame takes frame_max bytes at most. Returns false and leaves out as it was
 * if memory is exhausted or the properties are larger.
 */
bool publish_frames_append(struct buf *out, int channel, const amqp_basic_publish_t *method,
                           const amqp_basic_properties_t *properties, size_t header_max,
                           struct span body, size_t frame_max);
