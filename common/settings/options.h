/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines: tables of options over getopt_long, which also print --help and find the nearest
 * name for a typo.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/settings/settings.h"

struct option_spec {
	const char *name;     /* long name without dashes; NULL ends the table */
	char letter;          /* 0: none */
	const char *argument; /* "N" is required, "[=N]" is optional; NULL: none */
	const char *help;     /* one line; default in words where there is one */
	const char *setting;  /* key of the top level that the option sets; NULL: none */
};

struct command_spec {
	const char *name;                  /* "send"; NULL ends a table of commands */
	const char *usage;                 /* "send TYPE [JSON|@FILE|-] [options]" */
	const char *summary;               /* one line */
	const char *examples;              /* three lines that can be copied */
	const struct option_spec *options; /* beside the common ones (options_common) */
	int (*run)(int argc, char **argv); /* argv[0] is the command; returns the exit code */
};

/* Options that every command takes, such as --config, --url, --log-level and --help. */
extern const struct option_spec options_common[];

struct parsed_option {
	const struct option_spec *spec;
	const char *value; /* NULL: none given */
};

struct options {
	struct parsed_option *given; /* in order */
	size_t count;
	char **arguments; /* the words that are no options, borrowed from argv */
	size_t argument_count;
	size_t after_dashes; /* how many of the arguments stood behind "--" */
};

/*
 * Parses a command line by command->options and options_common. Options and arguments may mix until
 * "--". Returns -1 with ERROR_USAGE and a hint, such as "unknown option --dealy; did you mean
 * --delay?".
 */
int options_parse(struct options *o, const struct command_spec *command, int argc, char **argv,
                  struct error *err);
/* Frees what options_parse allocated. The arguments are borrowed from argv and stay. */
void options_finish(struct options *o);
/*
 * Returns the last value that was given for the long name, and "" if it was given without a value.
 * Returns NULL if the option was not given.
 */
const char *options_get(const struct options *o, const char *name);
/* Returns true if the option was given. */
bool options_has(const struct options *o, const char *name);
/*
 * Reads the option as a whole number above 0 into *count, which is 0 if it was not given. Returns
 * -1 with ERROR_USAGE if the value is no such number.
 */
int options_count(const struct options *o, const char *name, uint64_t *count, struct error *err);

/* Prints the --help of a command on stdout. */
void options_help(const char *program, const struct command_spec *command);
/* Prints the list of the commands on stdout. */
void options_overview(const char *program, const char *summary,
                      const struct command_spec *commands);
/* Returns the nearest name by edit distance, or NULL if none is near. */
const char *options_nearest(const char *name, const char *const *names, size_t count);

/*
 * Does what every command does first. Answers --help and --version, loads the settings into
 * settings, a struct of the schema's, applies the options that name a setting, sets up the log, and
 * answers --show-config. Returns false if the command shall go on. It must then call
 * options_finish and settings_finish. Returns true if the command must return *exit_code at once.
 * Errors have been printed then, and nothing is to be freed.
 */
bool options_begin(const struct settings_schema *schema, const struct command_spec *command,
                   int argc, char **argv, struct options *o, void *settings, int *exit_code);
/*
 * Loads the settings as options_begin does, for reading them again: defaults, file, environment,
 * then the options in o. The caller must call settings_finish, also after -1.
 */
int options_load_settings(const struct options *o, const struct settings_schema *schema,
                          void *settings, struct error *err);
/*
 * Runs a program of commands: answers --help and --version, or runs the command that argv names.
 * Returns the exit code, which is ERROR_IO if stdout could not be written. Ignores SIGPIPE, and
 * sees to it that no socket becomes descriptor 0, 1 or 2.
 */
int options_main(const char *program, const char *summary, const struct command_spec *commands,
                 int argc, char **argv);
/* Prints "PROGRAM: COMMAND: " and the error on stderr. Returns the kind of the error, which is the
 * exit code. */
int options_fail(const char *program, const struct command_spec *command, const struct error *err);
