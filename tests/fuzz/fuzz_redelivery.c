/* SPDX-License-Identifier: Apache-2.0 */
/* Lets jobs come, move, end and come again, against two plain lists. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "worker/rules/redelivery.h"

enum { HELD = 64, KEYS = 8, ENDED = 8192 };

struct copy {
	uint64_t key, generation;
};

struct model {
	struct copy held[HELD];   /* the address of a copy is its task; generation 0 means none */
	struct copy ended[ENDED]; /* the oldest first; generation 0 means used up */
	size_t count;
	size_t oldest; /* index of the oldest that is remembered */
	char tasks[HELD];
};

/* A used up one is not remembered, so older ones are. */
static void remember(struct model *m, struct copy e)
{
	size_t i;
	if (m->count == ENDED)
		return;
	m->ended[m->count++] = e;
	i = m->count;
	for (size_t kept = 0; i > 0 && kept < REDELIVERY_FINISHED_MIN; i--)
		kept += m->ended[i - 1].generation != 0;
	m->oldest = i > m->oldest ? i : m->oldest;
}

static void add(struct redelivery *r, struct model *m, size_t slot, struct copy e)
{
	if (m->held[slot].generation)
		return;
	m->held[slot] = e;
	redelivery_add(r, e.key, e.generation, &m->tasks[slot]);
}

static void end(struct redelivery *r, struct model *m, size_t slot, bool is_remembered)
{
	struct copy *e = &m->held[slot];
	redelivery_done(r, e->key, &m->tasks[slot],
	                is_remembered); /* does nothing for a copy that is not there */
	if (e->generation && is_remembered)
		remember(m, *e);
	*e = (struct copy){0};
}

/* Returns true if e is an older copy of the job of wanted. */
static bool matches(const struct copy *e, struct copy wanted)
{
	return e->generation && e->key == wanted.key && e->generation < wanted.generation;
}

/*
 * Returns false if it is not promised which of several copies is found. Then the model does not
 * know which one is used up.
 */
static bool find(struct redelivery *r, struct model *m, struct copy wanted)
{
	void *task = NULL;
	size_t held = 0, ended = 0, last = 0;
	for (size_t i = 0; i < HELD; i++)
		held += matches(&m->held[i], wanted);
	for (size_t i = m->oldest; i < m->count; i++) {
		if (!matches(&m->ended[i], wanted))
			continue;
		ended++;
		last = i;
	}
	enum redelivery_match match = redelivery_find(r, wanted.key, wanted.generation, &task);
	if (held > 0) {
		size_t slot = (size_t)((char *)task - m->tasks);
		fuzz_check(match == REDELIVERY_IN_HAND && slot < HELD &&
		           matches(&m->held[slot], wanted));
		return true;
	}
	fuzz_check(match == (ended > 0 ? REDELIVERY_FINISHED : REDELIVERY_NEW));
	if (ended == 1)
		m->ended[last].generation = 0;
	return ended <= 1;
}

/* Ends so many other jobs that old ones are forgotten. */
static void end_many(struct redelivery *r, struct model *m, size_t count)
{
	for (size_t i = 0; i < count && m->count < ENDED; i++) {
		redelivery_add(r, KEYS, 1, &m->tasks[0]);
		redelivery_done(r, KEYS, &m->tasks[0], true);
		remember(m, (struct copy){KEYS, 1});
	}
}

static bool step(struct redelivery *r, struct model *m, struct fuzz_input *in)
{
	uint8_t op = fuzz_u8(in), what = fuzz_u8(in);
	size_t slot = what % HELD;
	struct copy e = {op / 8 % KEYS, 1 + what / 16};
	switch (op % 8) {
	case 0:
	case 1:
		add(r, m, slot, e);
		break;
	case 2:
		redelivery_moved(r, m->held[slot].key, &m->tasks[slot], e.generation);
		if (m->held[slot].generation)
			m->held[slot].generation = e.generation;
		break;
	case 3:
		end(r, m, slot, true);
		break;
	case 4:
		end(r, m, slot, false);
		break;
	case 5:
		if (m->held[0].generation == 0)
			end_many(r, m, (size_t)what * 8);
		break;
	default:
		return find(r, m, e);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model m;
	struct fuzz_input in = {data, size};
	struct redelivery *r = redelivery_create();
	memset(&m, 0, sizeof m);
	while (in.left > 0 && m.count < ENDED && step(r, &m, &in))
		;
	redelivery_destroy(r);
	return 0;
}
