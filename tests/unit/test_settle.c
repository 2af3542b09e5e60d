/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/settle.h"
#include "tests/unit/suites.h"

/*
 * The acks that were written, as text such as "ack 3*, requeue 4, ack 6". The star means multiple.
 */
struct written {
	char text[512];
};

static const char *const verb_names[] = {"ack", "requeue", "reject"};

static void note(void *data, uint64_t tag, enum settle_verb verb, bool multiple)
{
	struct written *w = data;
	size_t used = strlen(w->text);
	snprintf(w->text + used, sizeof w->text - used, "%s%s %d%s", used ? ", " : "",
	         verb_names[verb], (int)tag, multiple ? "*" : "");
}

/* Plays a script: "d5" is five deliveries, "a3" ack 3, "q4" requeue 4, "r5" reject 5, "f" flush. */
static void expect(const char *script, const char *want)
{
	struct settle *s = settle_create();
	struct written w = {""};
	uint64_t next = 1;
	char *copy = strdup(script), *rest = copy;
	for (char *word; (word = strsep(&rest, " "));) {
		uint64_t n = strtoull(word + 1, NULL, 10);
		for (uint64_t i = 0; *word == 'd' && i < n; i++)
			settle_delivered(s, next++);
		if (*word == 'f')
			settle_flush(s, note, &w);
		if (strchr("aqr", *word))
			ck_assert(settle_decide(s, n,
			                        *word == 'a'   ? SETTLE_ACK
			                        : *word == 'q' ? SETTLE_REQUEUE
			                                       : SETTLE_REJECT));
	}
	ck_assert_msg(strcmp(w.text, want) == 0, "%s: \"%s\" is not \"%s\"", script, w.text, want);
	free(copy);
	settle_destroy(s);
}

START_TEST(acks_are_merged_up_to_the_first_gap)
{
	expect("d3 a1 a2 a3 f", "ack 3*");
	expect("d3 a3 a1 a2 f", "ack 3*");
	expect("d3 a1 f", "ack 1");
	expect("d3 a2 a3 f", "ack 2, ack 3");
	expect("d3 a2 f a1 f", "ack 2, ack 1");
	expect("d4 a2 f a1 a3 f", "ack 2, ack 3*");
	expect("d5 a1 a2 a4 a5 f", "ack 2*, ack 4, ack 5");
	expect("d5 a1 f f a3 f", "ack 1, ack 3");
}
END_TEST

START_TEST(a_multiple_ack_never_covers_a_requeue_or_reject)
{
	expect("d4 a1 q2 a3 a4 f", "ack 1, requeue 2, ack 3, ack 4");
	expect("d4 r1 a2 a3 f", "reject 1, ack 2, ack 3");
	expect("d5 a1 a2 r3 q4 a5 f", "ack 2*, reject 3, requeue 4, ack 5");
	expect("d4 q1 f a2 a3 f", "requeue 1, ack 3*");
}
END_TEST

START_TEST(a_tag_is_decided_once)
{
	struct settle *s = settle_create();
	struct written w = {""};
	settle_delivered(s, 1);
	settle_delivered(s, 2);
	settle_delivered(s, 2); /* not higher than the last: not a new delivery */
	ck_assert_uint_eq(settle_unsettled(s), 2);
	ck_assert(settle_decide(s, 1, SETTLE_ACK));
	ck_assert(!settle_decide(s, 1, SETTLE_REQUEUE));
	ck_assert(!settle_decide(s, 3, SETTLE_ACK));
	ck_assert(!settle_decide(s, 0, SETTLE_ACK));
	ck_assert_uint_eq(settle_unsettled(s), 1);
	settle_flush(s, note, &w);
	ck_assert(!settle_decide(s, 1, SETTLE_ACK));
	ck_assert_str_eq(w.text, "ack 1");
	settle_reset(s);
	ck_assert(!settle_decide(s, 2, SETTLE_ACK));
	ck_assert_uint_eq(settle_unsettled(s), 0);
	settle_delivered(s, 1);
	ck_assert(settle_decide(s, 1, SETTLE_REJECT));
	settle_flush(s, note, &w);
	ck_assert_str_eq(w.text, "ack 1, reject 1");
	settle_destroy(s);
	settle_destroy(NULL);
}
END_TEST

/* A simple model of the broker and the caller, with one cell per tag. */
enum { TAGS = 600 };
enum cell { ABSENT, UNACKED, DECIDED_ACK, DECIDED_REQUEUE, DECIDED_REJECT, SETTLED };

struct model {
	enum cell cells[TAGS + 1];
	uint64_t delivered, last_written;
	size_t frames;
};

static void settle_in_model(struct model *m, uint64_t tag, enum settle_verb verb)
{
	if (m->cells[tag] != (enum cell)(DECIDED_ACK + (int)verb))
		ck_abort_msg("tag %d is in state %d, not decided as %s", (int)tag, m->cells[tag],
		             verb_names[verb]);
	m->cells[tag] = SETTLED;
}

static void play(void *data, uint64_t tag, enum settle_verb verb, bool multiple)
{
	struct model *m = data;
	m->frames++;
	if (tag <= m->last_written)
		ck_abort_msg("tag %d behind tag %d", (int)tag, (int)m->last_written);
	m->last_written = tag;
	for (uint64_t t = 1; multiple && t < tag; t++)
		if (m->cells[t] != SETTLED)
			settle_in_model(m, t, verb);
	settle_in_model(m, tag, verb);
}

static void flush_both(struct settle *s, struct model *m)
{
	size_t singles = 0, front = 0, undecided = 0;
	bool at_front = true;
	for (uint64_t t = 1; t <= m->delivered; t++) {
		enum cell c = m->cells[t];
		undecided += c == UNACKED;
		at_front = at_front && (c == DECIDED_ACK || c == SETTLED);
		front += at_front && c == DECIDED_ACK;
		singles += !at_front && c >= DECIDED_ACK && c <= DECIDED_REJECT;
	}
	m->frames = 0;
	m->last_written = 0;
	settle_flush(s, play, m);
	ck_assert_uint_eq(m->frames, singles + (front > 0));
	for (uint64_t t = 1; t <= m->delivered; t++)
		if (m->cells[t] != UNACKED && m->cells[t] != SETTLED)
			ck_abort_msg("tag %d was decided and not written", (int)t);
	ck_assert_uint_eq(settle_unsettled(s), undecided);
}

START_TEST(any_history_settles_each_tag_exactly_once)
{
	uint64_t seed = 4;
	for (int round = 0; round < 40; round++) {
		struct settle *s = settle_create();
		struct model m = {.delivered = 0};
		int eager = 1 + round % 9;
		while (m.delivered < TAGS) {
			uint64_t r = next_random(&seed), tag = 1 + (r >> 8) % TAGS;
			if ((int)(r % 10) < eager) {
				settle_delivered(s, ++m.delivered);
				m.cells[m.delivered] = UNACKED;
			}
			enum settle_verb verb = (r >> 32) % 8   ? SETTLE_ACK
			                        : (r >> 40) % 2 ? SETTLE_REQUEUE
			                                        : SETTLE_REJECT;
			bool can = m.cells[tag] == UNACKED;
			if (settle_decide(s, tag, verb) != can)
				ck_abort_msg("tag %d in state %d", (int)tag, m.cells[tag]);
			if (can)
				m.cells[tag] = (enum cell)(DECIDED_ACK + (int)verb);
			if ((r >> 48) % 16 == 0)
				flush_both(s, &m);
		}
		flush_both(s, &m);
		settle_destroy(s);
	}
}
END_TEST

Suite *settle_suite(void)
{
	const TTest *const tests[] = {
	    acks_are_merged_up_to_the_first_gap,
	    a_multiple_ack_never_covers_a_requeue_or_reject,
	    a_tag_is_decided_once,
	    any_history_settles_each_tag_exactly_once,
	    NULL,
	};
	return suite_of("settle", tests);
}
