/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/options.h"
#include "common/base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/base/nearest.h"
#include "common/settings/connection_settings.h"
#include "common/settings/settings_load.h"

const struct option_spec options_common[] = {
    {"config", 'c', "FILE", "read this configuration file"},
    {"url", 'u', "URL",
     "broker, or several with commas (default $AMQP_URL, else amqp://guest@localhost:5672/)",
     .setting = "urls"},
    {"user", 0, "NAME", "user name, in place of the URL's", .setting = "user"},
    {"password-file", 0, "FILE", "file (mode 600) that holds the password; or set AMQP_PASSWORD",
     .setting = "password_file"},
    {"prefix", 0, "NAME", "first part of all exchange and queue names (default warren.v1)",
     .setting = "prefix"},
    {"log-level", 0, "LEVEL", "debug, info, warn, error or nothing (default info)",
     .setting = "log_level"},
    {"log-format", 0, "FORM", "text or json", .setting = "log_format"},
    {"log-file", 0, "FILE", "write the log there instead of to stderr; SIGHUP opens it anew",
     .setting = "log_file"},
    {"show-config", 0, NULL, "print the effective settings without secrets, then exit"},
    {"help", 'h', NULL, "print this help"},
    {"version", 0, NULL, "print the version"},
    {0},
};

enum { SPECS_MAX = 64, LONG_BASE = 1000 };

struct merged {
	const struct option_spec *specs[SPECS_MAX];
	size_t count;
	struct option longs[SPECS_MAX + 1];
	char shorts[SPECS_MAX * 3 + 2];
};

static void merge_table(struct merged *m, const struct option_spec *table)
{
	for (; table && table->name && m->count < SPECS_MAX; table++)
		m->specs[m->count++] = table;
}

static int argument_mode(const struct option_spec *s)
{
	if (!s->argument)
		return no_argument;
	return s->argument[0] == '[' ? optional_argument : required_argument;
}

static void merge(struct merged *m, const struct command_spec *command)
{
	*m = (struct merged){.shorts = ":"};
	merge_table(m, command->options);
	merge_table(m, options_common);
	size_t used = 1;
	for (size_t i = 0; i < m->count; i++) {
		const struct option_spec *s = m->specs[i];
		m->longs[i] = (struct option){s->name, argument_mode(s), NULL, LONG_BASE + (int)i};
		if (!s->letter)
			continue;
		m->shorts[used++] = s->letter;
		if (s->argument)
			m->shorts[used++] = ':';
	}
}

const char *options_nearest(const char *name, const char *const *names, size_t count)
{
	return nearest_name(name, names, count);
}

static int unknown_option(const struct merged *m, const char *word, struct error *err)
{
	const char *names[SPECS_MAX];
	char name[64];
	for (size_t i = 0; i < m->count; i++)
		names[i] = m->specs[i]->name;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="),
	         word[0] == '-' && word[1] == '-' ? word + 2 : "");
	const char *near = *name ? nearest_name(name, names, m->count) : NULL;
	if (near)
		return error_set(err, ERROR_USAGE, "unknown option --%s; did you mean --%s?", name,
		                 near);
	return error_set(err, ERROR_USAGE,
	                 "unknown or misused option '%.60s'; --help lists the options", word);
}

static const struct option_spec *spec_of(const struct merged *m, int code)
{
	for (size_t i = 0; i < m->count; i++)
		if (code == LONG_BASE + (int)i || (code < LONG_BASE && m->specs[i]->letter == code))
			return m->specs[i];
	return NULL;
}

static int take_option(struct options *o, const struct merged *m, int code, char **argv,
                       struct error *err)
{
	const char *word = argv[optind - 1];
	if (code == ':')
		return error_set(err, ERROR_USAGE, "option '%.60s' wants a value", word);
	const struct option_spec *spec = code == '?' ? NULL : spec_of(m, code);
	if (!spec)
		return optopt && optopt < LONG_BASE
		           ? error_set(err, ERROR_USAGE,
		                       "unknown option -%c; --help lists the options", optopt)
		           : unknown_option(m, word, err);
	o->given = xrealloc(o->given, o->count + 1, sizeof *o->given);
	o->given[o->count++] = (struct parsed_option){spec, optarg};
	return 0;
}

/* Counts the words behind "--". Must run before getopt_long moves the words. */
static size_t count_after_dashes(int argc, char **argv, const struct merged *m)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return (size_t)(argc - i - 1);
		for (size_t k = 0; k < m->count; k++) {
			const struct option_spec *s = m->specs[k];
			bool by_name = argv[i][0] == '-' && argv[i][1] == '-' &&
			               strcmp(argv[i] + 2, s->name) == 0;
			bool by_letter = s->letter && argv[i][0] == '-' &&
			                 argv[i][1] == s->letter && !argv[i][2];
			if ((by_name || by_letter) && argument_mode(s) == required_argument) {
				i++;
				break;
			}
		}
	}
	return 0;
}

int options_parse(struct options *o, const struct command_spec *command, int argc, char **argv,
                  struct error *err)
{
	struct merged m;
	int code;
	*o = (struct options){0};
	merge(&m, command);
	o->after_dashes = count_after_dashes(argc, argv, &m);
	optind = 0;
	opterr = 0;
	while ((code = getopt_long(argc, argv, m.shorts, m.longs, NULL)) != -1) {
		if (take_option(o, &m, code, argv, err) < 0) {
			options_finish(o);
			return -1;
		}
	}
	o->arguments = argv + optind;
	o->argument_count = (size_t)(argc - optind);
	return 0;
}

void options_finish(struct options *o)
{
	free(o->given);
	*o = (struct options){0};
}

const char *options_get(const struct options *o, const char *name)
{
	for (size_t i = o->count; i-- > 0;)
		if (strcmp(o->given[i].spec->name, name) == 0)
			return o->given[i].value ? o->given[i].value : "";
	return NULL;
}

bool options_has(const struct options *o, const char *name)
{
	return options_get(o, name) != NULL;
}

int options_count(const struct options *o, const char *name, uint64_t *count, struct error *err)
{
	const char *text = options_get(o, name);
	char *end;
	*count = 0;
	if (!text)
		return 0;
	errno = 0;
	*count = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || *count == 0)
		return error_set(err, ERROR_USAGE, "--%s wants a whole number above 0, not '%.60s'",
		                 name, text);
	return 0;
}

static void print_options(const struct option_spec *table)
{
	for (; table && table->name; table++) {
		char left[64];
		const char *between = !table->argument || table->argument[0] == '[' ? "" : " ";
		snprintf(left, sizeof left, "%c%c%s --%s%s%s", table->letter ? '-' : ' ',
		         table->letter ? table->letter : ' ', table->letter ? "," : " ",
		         table->name, between, table->argument ? table->argument : "");
		printf("  %-30s %s\n", left, table->help);
	}
}

void options_help(const char *program, const struct command_spec *command)
{
	printf("%s %s\n\n%s.\n\n", program, command->usage, command->summary);
	if (command->options && command->options->name)
		puts("Options:");
	print_options(command->options);
	puts("\nCommon options:");
	print_options(options_common);
	printf("\nExamples:\n%s", command->examples);
}

void options_overview(const char *program, const char *summary, const struct command_spec *commands)
{
	printf("%s %s.\n\nCommands:\n", program, summary);
	for (; commands->name; commands++)
		printf("  %-8s %s\n", commands->name, commands->summary);
	printf("\n%s COMMAND --help tells more; --version prints the version.\n", program);
}

int options_fail(const char *program, const struct command_spec *command, const struct error *err)
{
	fprintf(stderr, "%s: %s: ", program, command->name);
	clean_print(stderr, err->text);
	fputc('\n', stderr);
	return (int)err->kind;
}

int options_load_settings(const struct options *o, const struct settings_schema *schema,
                          void *settings, struct error *err)
{
	settings_init(schema, settings);
	if (settings_load(schema, settings, options_get(o, "config"), err) < 0)
		return -1;
	for (size_t i = 0; i < o->count; i++) {
		const struct parsed_option *given = &o->given[i];
		char called[64];
		snprintf(called, sizeof called, "--%s", given->spec->name);
		if (given->spec->setting && settings_set(schema, settings, given->spec->setting,
		                                         called, given->value, err) < 0)
			return -1;
	}
	return 0;
}

static int configure_log(const struct settings_schema *schema, const void *settings,
                         struct error *err)
{
	const void *connection = (const char *)settings + schema->connection;
	return connection_settings_log(connection, err);
}

static int show_config(const struct settings_schema *schema, void *settings, struct error *err)
{
	if (schema->check(settings, err) < 0)
		return -1;
	settings_show(schema, settings, stdout);
	return 0;
}

bool options_begin(const struct settings_schema *schema, const struct command_spec *command,
                   int argc, char **argv, struct options *o, void *settings, int *exit_code)
{
	const char *program = schema->program;
	struct error err = {0};
	*exit_code = 0;
	if (options_parse(o, command, argc, argv, &err) < 0) {
		*exit_code = options_fail(program, command, &err);
		return true;
	}
	bool help = options_has(o, "help"), version = options_has(o, "version");
	if (help)
		options_help(program, command);
	else if (version)
		printf("%s %s\n", program, WARREN_VERSION);
	if (help || version) {
		options_finish(o);
		return true;
	}
	bool show = options_has(o, "show-config");
	if (options_load_settings(o, schema, settings, &err) < 0 ||
	    configure_log(schema, settings, &err) < 0 ||
	    (show && show_config(schema, settings, &err) < 0)) {
		*exit_code = options_fail(program, command, &err);
		show = true;
	}
	if (!show)
		return false;
	settings_finish(schema, settings);
	options_finish(o);
	return true;
}

static int unknown_command(const char *program, const char *name,
                           const struct command_spec *commands)
{
	const char *names[16];
	size_t count = 0;
	for (const struct command_spec *c = commands;
	     c->name && count < sizeof names / sizeof *names; c++)
		names[count++] = c->name;
	const char *near = nearest_name(name, names, count);
	fprintf(stderr, "%s: unknown command '%.60s'%s%s%s; %s --help lists them\n", program, name,
	        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", program);
	return ERROR_USAGE;
}

static int run_command(const char *program, const char *summary,
                       const struct command_spec *commands, int argc, char **argv)
{
	const char *word = argc >= 2 ? argv[1] : "";
	if (strcmp(word, "--version") == 0) {
		printf("%s %s\n", program, WARREN_VERSION);
		return 0;
	}
	bool help =
	    strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
	if (help || argc < 2) {
		options_overview(program, summary, commands);
		return help ? 0 : ERROR_USAGE;
	}
	for (const struct command_spec *c = commands; c->name; c++)
		if (strcmp(word, c->name) == 0)
			return c->run(argc - 1, argv + 1);
	return unknown_command(program, word, commands);
}

/* If a standard stream is closed, the connection to the broker would get its number, and then our
 * output. */
static void occupy_standard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) < 0)
			_exit(ERROR_BUG);
}

int options_main(const char *program, const char *summary, const struct command_spec *commands,
                 int argc, char **argv)
{
	/* If the reader of stdout has ended, the write shall fail. The signal would end us in the
	 * middle of a publish. */
	signal(SIGPIPE, SIG_IGN);
	occupy_standard_streams();
	int code = run_command(program, summary, commands, argc, argv);
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno != EPIPE) /* a reader such as head has ended on purpose */
		fprintf(stderr, "%s: the output could not be written%s%s\n", program,
		        errno ? ": " : "", errno ? strerror(errno) : "");
	return code ? code : ERROR_IO;
}
