/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/settle.h"

#include <stdlib.h>

#include "common/base/memory.h"

struct tag {
	uint64_t tag;
	bool decided;
	enum settle_verb verb;
};

/*
 * Holds only what the broker still waits for, in the order of delivery. So there are never more
 * than the prefetch allows, however long the first one takes. What a flush has written is gone, so
 * a multiple ack may pass over it.
 */
struct settle {
	struct tag *tags;
	size_t count, cap;
	size_t decided; /* how many of the tags are decided */
	uint64_t last;  /* the highest tag seen */
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
	s->count = s->decided = 0;
	s->last = 0;
}

void settle_delivered(struct settle *s, uint64_t tag)
{
	if (tag <= s->last)
		return;
	if (s->count == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 16;
		s->tags = xrealloc(s->tags, s->cap, sizeof *s->tags);
	}
	s->last = tag;
	s->tags[s->count++] = (struct tag){.tag = tag};
}

static struct tag *find(struct settle *s, uint64_t tag)
{
	size_t low = 0, high = s->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (s->tags[mid].tag < tag)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->count && s->tags[low].tag == tag ? &s->tags[low] : NULL;
}

bool settle_decide(struct settle *s, uint64_t tag, enum settle_verb verb)
{
	struct tag *t = find(s, tag);
	if (!t || t->decided)
		return false;
	t->decided = true;
	t->verb = verb;
	s->decided++;
	return true;
}

/* Returns the length of the unbroken run of acks at the front. */
static size_t front_run(const struct settle *s)
{
	size_t run = 0;
	while (run < s->count && s->tags[run].decided && s->tags[run].verb == SETTLE_ACK)
		run++;
	return run;
}

void settle_flush(struct settle *s, settle_write_fn *write, void *data)
{
	if (s->decided == 0)
		return;
	size_t run = front_run(s), kept = 0;
	if (run > 0)
		write(data, s->tags[run - 1].tag, SETTLE_ACK, run > 1);
	for (size_t i = run; i < s->count; i++) {
		if (s->tags[i].decided)
			write(data, s->tags[i].tag, s->tags[i].verb, false);
		else
			s->tags[kept++] = s->tags[i];
	}
	s->count = kept;
	s->decided = 0;
}

size_t settle_unsettled(const struct settle *s)
{
	return s->count - s->decided;
}
