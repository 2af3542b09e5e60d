/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One setting: its key, the kind of its value, and how the value is read from text, printed and
 * freed. Keys are rows of tables that the programs define. A key says at which offset of a struct
 * its value is kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/error.h"

/* The value of a time, size or number that has no default and was not set. */
enum { SETTINGS_UNSET = -1 };

enum settings_kind {
	SETTINGS_TEXT,   /* char *; "" is NULL */
	SETTINGS_SECRET, /* char *; never printed */
	SETTINGS_TIME,   /* int64_t, ms */
	SETTINGS_SIZE,   /* int64_t, bytes */
	SETTINGS_NUMBER, /* int64_t */
	SETTINGS_SHORT,  /* unsigned */
	SETTINGS_BOOL,   /* bool */
	SETTINGS_CHOICE, /* char *, one of choices */
	SETTINGS_OWN,    /* any type; the key brings read, show and clear */
};

struct settings_key {
	const char *name;
	enum settings_kind kind;
	size_t offset;        /* of the value in the struct of the part that the key belongs to */
	const char *standard; /* the default as text; NULL: unset */
	const char *variable; /* environment variable that is read besides WARREN_<NAME>, or NULL */
	int64_t min, max;     /* limits of a time (ms), size or number */
	const char *choices;  /* SETTINGS_CHOICE: "a b c" */
	bool required;        /* a group of a list must set the key */
	bool list;            /* SETTINGS_OWN: in a file also a list, given to read with commas */
	/* SETTINGS_TEXT: returns true if the value may be text. NULL allows any text. */
	bool (*valid)(const char *text);
	const char *form; /* describes the allowed values in an error text, such as "a path" */
	/* SETTINGS_OWN: sets the value of object from text. Returns false if text is not of the
	 * form.
	 */
	bool (*read)(void *object, const char *text);
	/* SETTINGS_OWN: prints the value as it would stand in a file, with its quotes. */
	void (*show)(const void *object, FILE *out);
	/* SETTINGS_OWN: frees what read allocated. May be NULL. */
	void (*clear)(void *object);
};

/* Keys whose values are kept in one struct, which begins at an offset of a larger one. */
struct settings_part {
	const struct settings_key *keys;
	size_t count;
	size_t offset;
};

/* Everything that may be set in one place: the top level of a file, or one group of a list. */
struct settings_table {
	const char *name; /* name of the list, such as "queues"; NULL for the top level */
	const struct settings_part *parts;
	size_t part_count;
};

#define SETTINGS_COUNT(array) (sizeof(array) / sizeof *(array))
#define SETTINGS_PART(array, at)                                                                   \
	{                                                                                          \
		array, SETTINGS_COUNT(array), at                                                   \
	}

/* A key together with the struct that its offset is counted from. */
struct settings_field {
	const struct settings_key *key;
	void *object;
};

/* Returns the field number i of object, which t describes. The key is NULL behind the last one. */
struct settings_field settings_field(const struct settings_table *t, size_t i, const void *object);
/* Returns the field of object that is called name. The key is NULL if there is none. */
struct settings_field settings_find(const struct settings_table *t, const void *object,
                                    const char *name);
/* Writes the names of at most max keys of t to names. Returns how many were written. */
size_t settings_names(const struct settings_table *t, const char **names, size_t max);

/*
 * Gives every field of a zeroed object its default. A time, size or number without a default
 * becomes SETTINGS_UNSET.
 */
void settings_standard(const struct settings_table *t, void *object);
/*
 * Sets the field from text. Error texts name the setting as called says, such as "slots", "--slots"
 * or "WARREN_SLOTS". Returns -1 with ERROR_CONFIG if the text is not a value of the key.
 */
int settings_read(struct settings_field f, const char *called, const char *text, struct error *err);
/* Prints the value of the field as it would stand in a file. */
void settings_print(struct settings_field f, FILE *out);
/* Returns true if the field has no value that could be printed. */
bool settings_unset(struct settings_field f);
/* Frees all values of object. Secrets are overwritten first. */
void settings_clear(const struct settings_table *t, void *object);

/* Reads a size such as "65536", "64K", "1M" or "2G". Returns false if text is none. */
bool settings_parse_size(const char *text, int64_t *out);
/* Prints text in quotes, as a string of a configuration file. */
void settings_print_text(const char *text, FILE *out);
