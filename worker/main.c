/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "worker/commands.h"

static const char summary[] = "runs the jobs of RabbitMQ queues with any handler";

int main(int argc, char **argv)
{
	const struct command_spec commands[] = {run_command, {0}};
	if (argc >= 2 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)) {
		options_overview(WORKER_PROGRAM, summary, commands);
		return 0;
	}
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		puts(WORKER_PROGRAM " " WARREN_VERSION);
		return 0;
	}
	for (const struct command_spec *c = commands; argc >= 2 && c->name; c++)
		if (strcmp(argv[1], c->name) == 0)
			return c->run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr,
		        WORKER_PROGRAM ": unknown command '%s'; the command is: run (see " WORKER_PROGRAM " --help)\n",
		        argv[1]);
	else
		options_overview(WORKER_PROGRAM, summary, commands);
	return ERROR_USAGE;
}
