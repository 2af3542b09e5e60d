/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/nearest.h"
#include "producer/commands.h"

static const char summary[] = "publishes JSON jobs to RabbitMQ and looks after their queues";

static int unknown_command(const char *name, const struct command_spec *commands)
{
	const char *names[16];
	size_t count = 0;
	for (const struct command_spec *c = commands; c->name; c++)
		names[count++] = c->name;
	const char *near = nearest_name(name, names, count);
	fprintf(stderr, PRODUCER_PROGRAM ": unknown command '%.60s'%s%s%s; " PRODUCER_PROGRAM " --help lists them\n",
	        name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return ERROR_USAGE;
}

int main(int argc, char **argv)
{
	const struct command_spec commands[] = {setup_command, send_command, batch_command, dead_command, queue_command,
	                                        ping_command,  {0}};
	signal(SIGPIPE,
	       SIG_IGN); /* a reader that has gone is an error of the write, not our end in the middle of a publish */
	const char *word = argc >= 2 ? argv[1] : "";
	if (strcmp(word, "--version") == 0) {
		puts(PRODUCER_PROGRAM " " WARREN_VERSION);
		return 0;
	}
	bool help = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
	if (help || argc < 2) {
		options_overview(PRODUCER_PROGRAM, summary, commands);
		return help ? 0 : ERROR_USAGE;
	}
	for (const struct command_spec *c = commands; c->name; c++)
		if (strcmp(word, c->name) == 0)
			return c->run(argc - 1, argv + 1);
	return unknown_command(word, commands);
}
