/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settle.h"

#include <stdlib.h>

#include "common/memory.h"

enum state { UNDECIDED, DECIDED, WRITTEN };

struct tag {
	uint64_t tag;
	enum state state;
	enum settle_verb verb;
};

/* In the order of delivery. What is written leaves the front; gaps behind an undecided tag stay until it is decided. */
struct settle {
	struct tag *tags;
	size_t head, count, cap; /* a ring: tags[(head + i) % cap] */
	size_t undecided;
	uint64_t last; /* the highest tag seen */
	bool decided;  /* something was decided since the last flush */
};

struct settle *settle_create(void)
{
	return xcalloc(1, sizeof(struct settle));
}

void settle_destroy(struct settle *s)
{
	if (!s)
		return;
	free(s->tags);
	free(s);
}

void settle_reset(struct settle *s)
{
	s->head = s->count = s->undecided = 0;
	s->last = 0;
	s->decided = false;
}

static struct tag *at(struct settle *s, size_t i)
{
	return &s->tags[(s->head + i) % s->cap];
}

static void grow(struct settle *s)
{
	size_t cap = s->cap ? s->cap * 2 : 16;
	struct tag *tags = xcalloc(cap, sizeof *tags);
	for (size_t i = 0; i < s->count; i++)
		tags[i] = *at(s, i);
	free(s->tags);
	s->tags = tags;
	s->head = 0;
	s->cap = cap;
}

void settle_delivered(struct settle *s, uint64_t tag)
{
	if (tag <= s->last)
		return;
	if (s->count == s->cap)
		grow(s);
	s->last = tag;
	s->count++;
	s->undecided++;
	*at(s, s->count - 1) = (struct tag){tag, UNDECIDED, SETTLE_ACK};
}

static struct tag *find(struct settle *s, uint64_t tag)
{
	size_t low = 0, high = s->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (at(s, mid)->tag < tag)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->count && at(s, low)->tag == tag ? at(s, low) : NULL;
}

bool settle_decide(struct settle *s, uint64_t tag, enum settle_verb verb)
{
	struct tag *t = find(s, tag);
	if (!t || t->state != UNDECIDED)
		return false;
	t->state = DECIDED;
	t->verb = verb;
	s->undecided--;
	s->decided = true;
	return true;
}

static bool acked(const struct tag *t)
{
	return t->state == DECIDED && t->verb == SETTLE_ACK;
}

static void drop_written_front(struct settle *s)
{
	while (s->count > 0 && at(s, 0)->state == WRITTEN) {
		s->head = (s->head + 1) % s->cap;
		s->count--;
	}
}

/* Acks of the front run, written tags in it passed over: multiple=1 covers only what the broker still waits for. */
static size_t write_front(struct settle *s, settle_write_fn *write, void *data)
{
	size_t run = 0, fresh = 0;
	uint64_t last = 0;
	while (run < s->count && (at(s, run)->state == WRITTEN || acked(at(s, run)))) {
		if (acked(at(s, run))) {
			fresh++;
			last = at(s, run)->tag;
			at(s, run)->state = WRITTEN;
		}
		run++;
	}
	if (fresh > 0)
		write(data, last, SETTLE_ACK, fresh > 1);
	return run;
}

void settle_flush(struct settle *s, settle_write_fn *write, void *data)
{
	if (!s->decided)
		return;
	s->decided = false;
	for (size_t i = write_front(s, write, data); i < s->count; i++) {
		struct tag *t = at(s, i);
		if (t->state != DECIDED)
			continue;
		write(data, t->tag, t->verb, false);
		t->state = WRITTEN;
	}
	drop_written_front(s);
}

size_t settle_unsettled(const struct settle *s)
{
	return s->undecided;
}
