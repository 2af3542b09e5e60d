/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which delivery tags of one channel are unsettled, and how to acknowledge the settled ones with
 * few frames: one multiple=1 up to the first gap, single ones beyond it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum settle_verb { SETTLE_ACK, SETTLE_REQUEUE, SETTLE_REJECT /* nack without requeue */ };

struct settle; /* one channel's window */

struct settle *settle_create(void);
void settle_destroy(struct settle *s);
void settle_reset(struct settle *s); /* a new channel: tags begin at 1 again */

/* The broker delivered tag. Tags arrive in order, each one higher than the last. */
void settle_delivered(struct settle *s, uint64_t tag);
/* Decides tag. False when it is not an undecided tag of this channel (settled twice, never
 * delivered). */
bool settle_decide(struct settle *s, uint64_t tag, enum settle_verb verb);

typedef void settle_write_fn(void *data, uint64_t tag, enum settle_verb verb, bool multiple);
/*
 * Writes what was decided since the last flush through write, in order: acks of the unbroken run at
 * the front as one multiple ack (only when no requeue or reject lies inside it), everything else
 * one by one. Each tag exactly once.
 */
void settle_flush(struct settle *s, settle_write_fn *write, void *data);
size_t settle_unsettled(const struct settle *s); /* delivered and undecided */
