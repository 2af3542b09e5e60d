/* SPDX-License-Identifier: Apache-2.0 */
/* Runs deliveries, decisions and flushes in any order against a broker that is an array. */
#include <stdlib.h>
#include <string.h>

#include "common/amqp/settle.h"
#include "tests/fuzz/fuzz.h"

enum { TAGS = 512 };
enum state { ABSENT, OPEN, DECIDED, SETTLED };

struct broker {
	enum state state[TAGS];
	enum settle_verb verb[TAGS]; /* what was decided */
	uint64_t last;
};

static void settled(struct broker *b, uint64_t tag, enum settle_verb verb)
{
	fuzz_check(b->state[tag] == DECIDED && b->verb[tag] == verb);
	b->state[tag] = SETTLED;
}

/* Settles as a broker does. multiple settles all that are open up to the tag, and at least one. */
static void on_write(void *data, uint64_t tag, enum settle_verb verb, bool multiple)
{
	struct broker *b = data;
	fuzz_check(tag > 0 && tag < TAGS);
	for (uint64_t t = 1; multiple && t < tag; t++)
		if (b->state[t] == OPEN || b->state[t] == DECIDED)
			settled(b, t, verb);
	settled(b, tag, verb);
}

static size_t count_of(const struct broker *b, enum state state)
{
	size_t n = 0;
	for (size_t t = 1; t < TAGS; t++)
		n += b->state[t] == state;
	return n;
}

static void flush(struct settle *s, struct broker *b)
{
	settle_flush(s, on_write, b);
	fuzz_check(count_of(b, DECIDED) == 0);
}

static void step(struct settle *s, struct broker *b, struct fuzz_input *in)
{
	uint8_t op = fuzz_u8(in);
	uint64_t tag = b->last + 1 + op / 64;
	switch (op % 8) {
	case 0: /* in order, with gaps: other deliveries went elsewhere */
	case 1:
	case 2:
		if (tag < TAGS) {
			settle_delivered(s, tag);
			b->state[tag] = OPEN;
			b->last = tag;
		}
		break;
	case 3:
	case 4:
	case 5: {
		uint64_t which = b->last ? b->last - fuzz_u8(in) % b->last : 1;
		enum settle_verb verb = op & 64    ? SETTLE_ACK
		                        : op & 128 ? SETTLE_REQUEUE
		                                   : SETTLE_REJECT;
		fuzz_check(settle_decide(s, which, verb) == (b->state[which] == OPEN));
		if (b->state[which] == OPEN) {
			b->state[which] = DECIDED;
			b->verb[which] = verb;
		}
		break;
	}
	case 6:
		flush(s, b);
		break;
	case 7:
		if (op == 255) {
			settle_reset(s);
			memset(b, 0, sizeof *b);
		} else {
			settle_delivered(s, b->last); /* a copy: it is not news */
		}
		break;
	}
	fuzz_check(settle_unsettled(s) == count_of(b, OPEN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct broker b = {0};
	struct settle *s = settle_create();
	while (in.left > 0)
		step(s, &b, &in);
	flush(s, &b);
	fuzz_check(!settle_decide(s, b.last + 1, SETTLE_ACK));
	settle_destroy(s);
	return 0;
}
