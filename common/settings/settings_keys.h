/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of settings keys and what can be done with one value: read it from text, print it,
 * free it. Private to settings*.c. A key is a field of struct settings, settings_queue,
 * settings_handler or settings_route; whoever adds one adds a line to its table and nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/error.h"
#include "common/settings/settings.h"

enum settings_kind {
	SETTINGS_TEXT,   /* char *; "" is NULL */
	SETTINGS_SECRET, /* char *; never printed */
	SETTINGS_TIME,   /* int64_t, ms */
	SETTINGS_SIZE,   /* int64_t, bytes */
	SETTINGS_NUMBER, /* int64_t */
	SETTINGS_SHORT,  /* unsigned */
	SETTINGS_BOOL,   /* bool */
	SETTINGS_CHOICE, /* char *, one of choices */
	SETTINGS_OWN,    /* read and show know */
};

struct settings_key {
	const char *name;
	enum settings_kind kind;
	unsigned programs; /* enum settings_program, or-ed */
	size_t offset;
	const char *standard; /* the default as text; NULL: unset */
	int64_t min, max;     /* of times (ms), sizes and numbers */
	const char *choices;  /* SETTINGS_CHOICE: "a b c" */
	/* SETTINGS_TEXT: may it be that? NULL: anything may. what is "queue name", for the message.
	 */
	bool (*valid)(const char *text);
	const char *form;
	/* SETTINGS_OWN. read: false when the text has not the form. show prints the value with its
	 * quotes. */
	bool (*read)(void *object, const char *text);
	void (*show)(const void *object, FILE *out);
	bool required; /* of a group */
};

struct settings_table {
	const char *name; /* "queues"; NULL: the top level */
	const struct settings_key *keys;
	size_t count;
};

extern const struct settings_table settings_top, settings_queues, settings_handlers,
    settings_routes;

const struct settings_key *settings_find(const struct settings_table *t, unsigned program,
                                         const char *name);

/* Gives every key with a default its value. */
void settings_standard(const struct settings_table *t, void *object);
/* Reads text into the key's field of object; called is what messages call it ("slots", "--slots",
 * "WARREN_SLOTS"). */
int settings_read(const struct settings_key *k, void *object, const char *called, const char *text,
                  struct error *err);
/* Prints the value as it would stand in a file. */
void settings_print(const struct settings_key *k, const void *object, FILE *out);
/* Is it unset, so that printing it would say nothing? */
bool settings_unset(const struct settings_key *k, const void *object);
/* Frees the texts of object. */
void settings_clear(const struct settings_table *t, void *object);

/* "65536", "64K", "1M", "2G". */
bool settings_parse_size(const char *text, int64_t *out);
void settings_print_text(const char *text, FILE *out);

/* Shared by settings.c and settings_file.c. */
struct settings_queue *settings_new_queue(struct settings *s);
struct settings_handler *settings_new_handler(struct settings *s, size_t at);
struct settings_route *settings_new_route(struct settings *s);
void settings_set_urls(struct settings *s, const char *list);
int settings_load_file(struct settings *s, enum settings_program program, const char *file,
                       struct error *err);
