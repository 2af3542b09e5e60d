/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings commands from the owner of a link to its thread, and events from the thread to the owner.
 */
#pragma once

#include "common/amqp/link_event.h"
#include "common/amqp/link_state.h"

enum command_kind {
	COMMAND_PUBLISH,
	COMMAND_CONSUME,
	COMMAND_CANCEL,
	COMMAND_SETTLE,
	COMMAND_QUERY,
	COMMAND_REOPEN
};

struct command {
	/* In link::pending, then in link::inbox. */
	struct list link;
	enum command_kind kind;
	uint64_t token, generation, tag;
	unsigned consumer;
	uint16_t prefetch;
	enum settle_verb verb;
	int64_t deadline_at_ms;
	char *exchange, *key, *queue, *text; /* owned */
	struct message *message;             /* owned */
};

/* Makes an eventfd readable. May be called from both sides. */
void link_ring(int fd);
/* Makes an eventfd unreadable until the next link_ring. */
void link_silence(int fd);

/* ---- the owner's side ---- */

/* Appends a command, which nobody sees before link_send_commands. Returns it to be filled in. */
struct command *link_command(struct link *l, enum command_kind kind);
/* Gives all pending commands to the thread and wakes it. */
void link_send_commands(struct link *l);

/* ---- the thread's side ---- */

/*
 * Appends an event of this turn, which the owner sees after link_hand_over. Returns it to be filled
 * in.
 */
struct link_event *link_emit(struct link *l, enum link_event_kind kind);
/* Gives all events of this turn to the owner. */
void link_hand_over(struct link *l);
/* Removes a command from its list and frees it with all that it owns. */
void link_command_free(struct command *c);
