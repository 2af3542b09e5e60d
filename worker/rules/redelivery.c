/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rules/redelivery.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/list.h"
#include "common/base/memory.h"

enum { BUCKETS_MIN = 64 };

struct known {
	struct list link; /* redelivery::buckets */
	struct list age;  /* redelivery::finished or spare, or a pack's */
	uint64_t key;
	uint64_t generation;
	void *task; /* NULL when it is finished */
	bool held;  /* in a pack's list */
};

struct redelivery {
	struct list *buckets; /* known::link; as many as a power of two */
	size_t bucket_count, known_count;
	struct list finished; /* known::age, the oldest first */
	size_t finished_count, held_count, keep;
	struct list spare; /* known::age: what the next job gets, for the memory of a steady worker
	                      stays the same */
};

static void make_buckets(struct redelivery *r, size_t count)
{
	r->buckets = xcalloc(count, sizeof *r->buckets);
	r->bucket_count = count;
	for (size_t i = 0; i < count; i++)
		list_init(&r->buckets[i]);
}

struct redelivery *redelivery_create(void)
{
	struct redelivery *r = xcalloc(1, sizeof *r);
	make_buckets(r, BUCKETS_MIN);
	list_init(&r->finished);
	list_init(&r->spare);
	r->keep = REDELIVERY_FINISHED_MIN;
	return r;
}

void redelivery_destroy(struct redelivery *r)
{
	struct list *pos, *next;
	if (!r)
		return;
	for (size_t i = 0; i < r->bucket_count; i++)
		list_for_each (pos, next, &r->buckets[i])
			free(list_item(pos, struct known, link));
	list_for_each (pos, next, &r->spare)
		free(list_item(pos, struct known, age));
	free(r->buckets);
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

uint64_t redelivery_key(unsigned consumer, const char *id, const struct bookkeeping *book,
                        struct headers_signature s, struct span body)
{
	const unsigned counts[] = {book->attempt,   book->failures,      book->crashes,
	                           book->timeouts,  book->snoozes,       book->returns,
	                           book->unhandled, book->interruptions, book->keyless,
	                           book->replays,   book->republished};
	uint64_t h = HASH_EMPTY;
	h = mix(h, &consumer, sizeof consumer);
	h = mix(h, id, strlen(id));
	h = mix(h, counts, sizeof counts);
	h = mix(h, &s.present, sizeof s.present);
	h = mix_text(h, s.kid);
	h = mix_text(h, s.sig);
	h = mix(h, body.at, body.len);
	return h ^ (h >> 29);
}

static struct list *bucket_of(struct redelivery *r, uint64_t key)
{
	return &r->buckets[key & (r->bucket_count - 1)];
}

/* Twice the buckets when there are as many jobs as buckets. */
static void make_room(struct redelivery *r)
{
	if (r->known_count < r->bucket_count)
		return;
	struct list *old = r->buckets, *pos, *next;
	size_t count = r->bucket_count;
	make_buckets(r, count * 2);
	for (size_t i = 0; i < count; i++) {
		list_for_each (pos, next, &old[i]) {
			struct known *k = list_item(pos, struct known, link);
			list_append(bucket_of(r, k->key), &k->link);
		}
	}
	free(old);
}

static struct known *find_task(struct redelivery *r, uint64_t key, const void *task)
{
	struct list *pos, *next;
	list_for_each (pos, next, bucket_of(r, key)) {
		struct known *k = list_item(pos, struct known, link);
		if (k->key == key && k->task == task)
			return k;
	}
	return NULL;
}

static void forget(struct redelivery *r, struct known *k)
{
	if (k->held)
		r->held_count--;
	else if (!k->task)
		r->finished_count--;
	r->known_count--;
	list_remove(&k->link);
	list_remove(&k->age);
	list_append(&r->spare, &k->age);
}

static struct known *take_spare(struct redelivery *r)
{
	if (list_empty(&r->spare))
		return xcalloc(1, sizeof(struct known));
	struct known *k = list_item(r->spare.next, struct known, age);
	list_remove(&k->age);
	return k;
}

void redelivery_add(struct redelivery *r, uint64_t key, uint64_t generation, void *task)
{
	struct known *k = take_spare(r);
	make_room(r);
	*k = (struct known){.key = key, .generation = generation, .task = task};
	list_init(&k->age);
	list_append(bucket_of(r, key), &k->link);
	r->known_count++;
}

void redelivery_moved(struct redelivery *r, uint64_t key, void *task, uint64_t generation)
{
	struct known *k = find_task(r, key, task);
	if (k)
		k->generation = generation;
}

static void remember(struct redelivery *r, struct known *k)
{
	k->task = NULL;
	k->held = false;
	list_remove(&k->age);
	list_append(&r->finished, &k->age);
	if (++r->finished_count > r->keep)
		forget(r, list_item(r->finished.next, struct known, age));
}

void redelivery_done(struct redelivery *r, uint64_t key, void *task, bool remembered)
{
	struct known *k = find_task(r, key, task);
	if (k && remembered)
		remember(r, k);
	else if (k)
		forget(r, k);
}

void redelivery_hold(struct redelivery *r, uint64_t key, void *task, struct list *held)
{
	struct known *k = find_task(r, key, task);
	if (!k)
		return;
	k->task = NULL;
	k->held = true;
	list_append(held, &k->age);
	if (REDELIVERY_FINISHED_MIN + ++r->held_count > r->keep)
		r->keep = REDELIVERY_FINISHED_MIN + r->held_count;
}

void redelivery_release(struct redelivery *r, struct list *held)
{
	while (!list_empty(held)) {
		struct known *k = list_item(held->next, struct known, age);
		r->held_count--;
		remember(r, k);
	}
}

enum redelivery_match redelivery_find(struct redelivery *r, uint64_t key, uint64_t generation,
                                      void **task)
{
	struct list *pos, *next;
	struct known *finished = NULL;
	list_for_each (pos, next, bucket_of(r, key)) {
		struct known *k = list_item(pos, struct known, link);
		if (k->key != key || k->generation >= generation)
			continue;
		if (k->task) {
			*task = k->task;
			return REDELIVERY_IN_HAND;
		}
		finished = finished ? finished : k;
	}
	if (!finished)
		return REDELIVERY_NEW;
	forget(r, finished);
	return REDELIVERY_FINISHED;
}
