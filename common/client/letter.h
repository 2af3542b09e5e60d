/* SPDX-License-Identifier: Apache-2.0 */
/* A dead or unroutable message as a person sees it: what it was, when and why it died. Pure. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "common/job/headers.h"
#include "common/job/message.h"

struct letter {
	const struct message *message; /* borrowed */
	struct bookkeeping book;
	json_t *box; /* NULL: it has none (dead-lettered by the broker itself, or unroutable) */
	char *id, *type, *queue; /* owned; "?" where unknown. queue: as the user knows it */
	char *died;              /* RFC 3339, or "?" */
	int64_t died_at_ms;      /* CLOCK_NEVER: unknown */
	char *sealed_to;         /* the key's id; NULL: its args are not sealed */
	const char *signed_by;   /* the key's id as it stands there, not checked; borrowed; NULL: it
	                            has no signature */
	char *reason; /* of the box, else the broker's (delivery_limit, rejected ...), else
	                 "unroutable" */
};

void letter_read(struct letter *l, const struct message *m, const char *routing_key,
                 const char *prefix);
void letter_finish(struct letter *l);

void letter_print_heading(FILE *out);
void letter_print_line(const struct letter *l, FILE *out);
void letter_print_json(const struct letter *l, FILE *out);
void letter_print_whole(const struct letter *l, FILE *out);
