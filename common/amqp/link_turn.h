/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work of a link's thread: it does what the owner asked for, reads, settles and publishes. All
 * functions are called from the thread only. Those that can fail return -1 with err filled when the
 * connection is in doubt and must be replaced.
 */
#pragma once

#include "common/amqp/link_event.h"
#include "common/amqp/link_state.h"

/*
 * Asks passively whether a queue, or with queue NULL an exchange, exists. *ready is the number of
 * ready messages of the queue. With ready NULL this only asks whether the thing is there, and then
 * a broker that does not tell this user (CAUSE_MAY_NOT_LOOK) is no failure. Returns -1 if it does
 * not exist, and if the connection is in doubt.
 */
int link_inspect(struct link *l, const char *queue, const char *exchange, uint32_t *ready,
                 struct error *err);
/* Returns the heartbeat that was negotiated, or the default. */
int link_heartbeat_ms(const struct link *l);
/*
 * Notes from when on the thread counts as stuck. Call it before anything that may block in a write.
 */
void link_expect_write(struct link *l);
/* Like link_expect_write, before a call that waits for the broker's answer. */
void link_expect_answer(struct link *l);
/*
 * Starts a consumer. If the broker refuses, the channel is closed. On a new channel the refusal is
 * told to the owner and a later turn tries again. On a channel that had been in use the connection
 * is in doubt, for the channel's delivery tags are void.
 */
int link_start_consumer(struct link *l, unsigned consumer, struct error *err);
/*
 * Returns when the next consumer that was refused is to be tried again (monotonic, ms), or
 * INT64_MAX.
 */
int64_t link_retry_at_ms(const struct link *l);
/* Does what the owner asked for. Without a connection it does what is possible without one. */
int link_do_commands(struct link *l, struct error *err);
/* Emits LINK_CANCELLED for each consumer whose deliveries are all handed out. */
void link_announce_cancelled(struct link *l);
/* Returns true if something may be published now. */
bool link_may_publish(struct link *l);
/*
 * Gives the broker time for what was settled last. Call it before the connection is closed. A
 * channel of the broker has 32 commands to a quorum queue under way. It holds back what is settled
 * beyond them until those are applied, and forgets what it holds back when it closes: of 500 acks
 * just before the close 33 counted on 3.10.8. A round trip on the channel makes sure that it has
 * got so far. When there were more commands than it lets go at once, it takes several round trips
 * with pauses.
 */
void link_let_settle(struct link *l);
/* Does commands, reads, settles and publishes until there is nothing to do. */
int link_turn(struct link *l, struct error *err);
