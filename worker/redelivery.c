/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/redelivery.h"

#include <stdlib.h>

#include "common/memory.h"

struct known {
	uint64_t key;
	uint64_t generation;
	void *task; /* NULL: finished */
};

struct redelivery {
	struct known *in_hand; /* few: as many as the worker holds deliveries */
	size_t count, cap;
	struct known finished[REDELIVERY_FINISHED_MAX]; /* a ring; key 0 with generation 0 is free */
	size_t next;
};

struct redelivery *redelivery_create(void)
{
	return xcalloc(1, sizeof(struct redelivery));
}

void redelivery_destroy(struct redelivery *r)
{
	if (!r)
		return;
	free(r->in_hand);
	free(r);
}

/* Eight bytes at a time; each word goes through all bits of the product before the next one. */
static uint64_t mix_word(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ (h >> 32);
}

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t word;
	size_t left = len;
	for (; left >= sizeof word; left -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		h = mix_word(h, word);
	}
	word = 0;
	memcpy(&word, p, left);
	return mix_word(mix_word(h, word), len);
}

static uint64_t mix_text(uint64_t h, const char *text)
{
	return mix(h, text ? text : "", text ? strlen(text) + 1 : 0);
}

uint64_t redelivery_key(unsigned consumer, const char *id, const struct bookkeeping *book, struct headers_signature s,
                        struct span body)
{
	const unsigned counts[] = {book->attempt, book->failures, book->crashes,    book->timeouts,
	                           book->snoozes, book->returns,  book->unhandled,  book->interruptions,
	                           book->keyless, book->replays,  book->republished};
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	h = mix(h, &consumer, sizeof consumer);
	h = mix(h, id, strlen(id));
	h = mix(h, counts, sizeof counts);
	h = mix(h, &s.present, sizeof s.present);
	h = mix_text(h, s.kid);
	h = mix_text(h, s.sig);
	h = mix(h, body.at, body.len);
	return h ^ (h >> 29);
}

static struct known *find_task(struct redelivery *r, uint64_t key, const void *task)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->in_hand[i].key == key && r->in_hand[i].task == task)
			return &r->in_hand[i];
	return NULL;
}

void redelivery_add(struct redelivery *r, uint64_t key, uint64_t generation, void *task)
{
	if (r->count == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 16;
		r->in_hand = xrealloc(r->in_hand, r->cap, sizeof *r->in_hand);
	}
	r->in_hand[r->count++] = (struct known){key, generation, task};
}

void redelivery_moved(struct redelivery *r, uint64_t key, void *task, uint64_t generation)
{
	struct known *k = find_task(r, key, task);
	if (k)
		k->generation = generation;
}

void redelivery_done(struct redelivery *r, uint64_t key, void *task, bool remember)
{
	struct known *k = find_task(r, key, task);
	if (!k)
		return;
	if (remember) {
		r->finished[r->next] = (struct known){key, k->generation, NULL};
		r->next = (r->next + 1) % REDELIVERY_FINISHED_MAX;
	}
	*k = r->in_hand[--r->count];
}

enum redelivery_match redelivery_find(struct redelivery *r, uint64_t key, uint64_t generation, void **task)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->in_hand[i].key != key || r->in_hand[i].generation >= generation)
			continue;
		*task = r->in_hand[i].task;
		return REDELIVERY_IN_HAND;
	}
	for (size_t i = 0; i < REDELIVERY_FINISHED_MAX; i++) {
		struct known *k = &r->finished[i];
		if (k->generation == 0 || k->key != key || k->generation >= generation)
			continue;
		*k = (struct known){0};
		return REDELIVERY_FINISHED;
	}
	return REDELIVERY_NEW;
}
