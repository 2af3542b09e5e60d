/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a program, as its schema describes them. The engine knows no program: a program
 * defines its struct, the tables of its keys, and one struct settings_schema.
 *
 * Settings come from several places, and the later one wins: built-in default, file, environment,
 * command line. settings_load.h reads the file and the environment. options.h reads the command
 * line.
 */
#pragma once

#include "common/settings/settings_key.h"

/* A list of groups in a file, such as queues = ( { ... }, { ... } ), kept as an array. */
struct settings_list {
	struct settings_table table; /* the keys of one group */
	size_t size;                 /* of one item of the array */
	size_t items;             /* offset of the pointer to the array in the program's struct */
	size_t count;             /* offset of the size_t that counts the items */
	void (*init)(void *item); /* sets, in a zeroed item, what has no key; may be NULL */
};

struct settings_schema {
	const char *program; /* name of the program in messages, such as "warren-worker" */
	const char *file;    /* name of its configuration file, without ".cfg" */
	size_t size;         /* of the program's struct */
	size_t connection;   /* offset of its struct connection_settings */
	struct settings_table table;
	const struct settings_list *lists;
	size_t list_count;
	/* Sets defaults that no table can express. Called with the table's defaults in place. */
	void (*init)(void *settings);
	/* Frees what the tables do not. May be NULL. */
	void (*finish)(void *settings);
	/* Checks what spans several keys. Returns -1 with ERROR_CONFIG and a way out. */
	int (*check)(void *settings, struct error *err);
};

/* Gives the struct at settings its defaults. The caller must call settings_finish later. */
void settings_init(const struct settings_schema *schema, void *settings);
/* Frees all texts and lists of the struct, wipes its secrets, and zeroes it. */
void settings_finish(const struct settings_schema *schema, void *settings);

/*
 * Sets the key called name of the top level. Error texts name it as called says, such as
 * "--log-level". Returns -1 with ERROR_USAGE.
 */
int settings_set(const struct settings_schema *schema, void *settings, const char *name,
                 const char *called, const char *value, struct error *err);

/*
 * Prints the settings as a configuration file, for --show-config. Secrets appear as "(set)", and
 * URLs without user and password.
 */
void settings_show(const struct settings_schema *schema, const void *settings, FILE *out);

/* Returns the list of that name, or NULL. */
const struct settings_list *settings_list_find(const struct settings_schema *schema,
                                               const char *name);
/* Returns the number of items of the list. */
size_t settings_list_count(const struct settings_list *l, const void *settings);
/* Returns the item number i of the list. */
void *settings_list_item(const struct settings_list *l, const void *settings, size_t i);
/* Inserts an item with its defaults as number i, and returns it. Other items may move. */
void *settings_list_insert(const struct settings_list *l, void *settings, size_t i);
/* Frees the item number i. Those behind it move up. */
void settings_list_remove(const struct settings_list *l, void *settings, size_t i);
/* Moves the item number from so that it becomes number to, and those between them by one. */
void settings_list_move(const struct settings_list *l, void *settings, size_t from, size_t to);
