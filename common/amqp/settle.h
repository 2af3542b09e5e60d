/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps which delivery tags of one channel are unsettled, and acknowledges the decided ones with
 * few frames: one frame with multiple=1 up to the first gap, and single ones beyond it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum settle_verb { SETTLE_ACK, SETTLE_REQUEUE, SETTLE_REJECT /* a nack without requeue */ };

/* The tags of one channel. */
struct settle;

/* Returns an empty one, which the caller frees with settle_destroy. */
struct settle *settle_create(void);
/* Frees s with all tags. */
void settle_destroy(struct settle *s);
/* Forgets all tags, because a new channel begins with tag 1 again. */
void settle_reset(struct settle *s);

/* Notes that the broker delivered tag. Each tag is higher than the last. */
void settle_delivered(struct settle *s, uint64_t tag);
/*
 * Decides how tag is to be settled. Returns false if the tag was never delivered on this channel or
 * is decided already.
 */
bool settle_decide(struct settle *s, uint64_t tag, enum settle_verb verb);

/* Writes one frame that settles tag, with multiple also all unsettled tags before it. */
typedef void settle_write_fn(void *data, uint64_t tag, enum settle_verb verb, bool multiple);
/*
 * Calls write, in order, for everything that was decided since the last flush, so that each tag is
 * settled exactly once. The acks of the unbroken run at the front become one multiple ack, if no
 * requeue or reject lies inside it. All others are written one by one.
 */
void settle_flush(struct settle *s, settle_write_fn *write, void *data);
/* Returns how many tags are delivered and undecided. */
size_t settle_unsettled(const struct settle *s);
