/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines: a table of options over getopt_long that also prints --help and finds the nearest
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
	const char *argument; /* NULL: none; "N": required; "[=N]": optional */
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

/* What every command takes: --config, --url, the log's options, --show-config, --help, --version
 * ... */
extern const struct option_spec options_common[];

struct parsed_option {
	const struct option_spec *spec;
	const char *value; /* NULL: none given */
};

struct options {
	struct parsed_option *given; /* in order */
	size_t count;
	char **arguments; /* what is not an option, borrowed from argv */
	size_t argument_count;
	size_t after_dashes; /* how many of the arguments stood behind "--" */
};

/*
 * Parses by command->options and options_common. Options and arguments may mix until "--".
 * -1: ERROR_USAGE with a nearest-match hint ("unknown option --dealy; did you mean --delay?").
 */
int options_parse(struct options *o, const struct command_spec *command, int argc, char **argv,
                  struct error *err);
void options_finish(struct options *o);
/* The last value given for the long name; NULL when not given ("" when given without a value). */
const char *options_get(const struct options *o, const char *name);
bool options_has(const struct options *o, const char *name);
/* A whole number from 1 up; 0 when it was not given. ERROR_USAGE. */
int options_count(const struct options *o, const char *name, uint64_t *count, struct error *err);

/* Help on stdout. program is "warren-producer". */
void options_help(const char *program, const struct command_spec *command);
void options_overview(const char *program, const char *summary,
                      const struct command_spec *commands);
/* The nearest name by edit distance, or NULL when none is near. */
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
 * A whole program of commands: --help, --version, the command's run. Returns the exit code: what
 * could not be written to stdout makes it ERROR_IO. SIGPIPE is ignored from here on, and no socket
 * becomes descriptor 0, 1 or 2.
 */
int options_main(const char *program, const char *summary, const struct command_spec *commands,
                 int argc, char **argv);
/* Prints "warren-producer: send: <text>" on stderr and returns the kind as exit code. */
int options_fail(const char *program, const struct command_spec *command, const struct error *err);
