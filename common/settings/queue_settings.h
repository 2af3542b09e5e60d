/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a queue that every program knows, and the list "queues" that holds them. A
 * program may keep more about a queue: its items then begin with a struct queue_settings.
 */
#pragma once

#include "common/job/retry.h"
#include "common/settings/settings.h"

struct queue_settings {
	char *name;
	unsigned weight; /* share of the slots of a worker, >= 1 */
	bool raw;        /* codec = "raw": the args of a job are any body */
	char *type;      /* raw: the type of a message that names none; NULL: the queue's name */
	struct retry_policy retry;
};

/* The keys of struct queue_settings. */
extern const struct settings_key queue_keys[];
enum { QUEUE_KEYS = 8 };

/* The part of the table of "queues" that struct queue_settings holds. */
#define QUEUE_PART                                                                                 \
	{                                                                                          \
		queue_keys, QUEUE_KEYS, 0                                                          \
	}

/* Sets what has no key in a zeroed item of "queues". Is the init of its settings_list. */
void queue_settings_init(void *item);

/* Returns the number of queues. */
size_t queues_count(const struct settings_schema *schema, const void *settings);
/* Returns the queue number i. */
struct queue_settings *queues_at(const struct settings_schema *schema, const void *settings,
                                 size_t i);

/*
 * Adds the queue of NAME[:WEIGHT], or moves it behind the others if it is configured. It keeps its
 * settings then. With only, all other queues are removed. Returns -1 with ERROR_USAGE.
 */
int queues_use(const struct settings_schema *schema, void *settings, const char *spec, bool only,
               struct error *err);
/*
 * Sets one key of all queues. Error texts name it as called says, such as "--signed-by". Returns -1
 * with ERROR_USAGE.
 */
int queues_set(const struct settings_schema *schema, void *settings, const char *name,
               const char *called, const char *value, struct error *err);
/*
 * Checks that the queues are not too many and that none is configured twice. Without any, the queue
 * "default" is added. Returns -1 with ERROR_CONFIG.
 */
int queues_check(const struct settings_schema *schema, void *settings, struct error *err);
/*
 * Checks that a queue with keys can have them. sealing is the setting that says that args are
 * sealed, or NULL. Returns -1 with ERROR_CONFIG.
 */
int queues_check_keys(const struct queue_settings *q, bool is_signed, const char *sealing,
                      struct error *err);
