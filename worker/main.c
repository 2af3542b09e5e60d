/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "worker/commands.h"
#include "worker/handlers/plugin.h"

static const char summary[] = "runs the jobs of RabbitMQ queues with any handler";

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], PLUGIN_HOST_WORD) == 0)
		return plugin_host_main(argc, argv);
	const struct command_spec commands[] = {run_command, test_command, check_command, {0}};
	return options_main(WORKER_PROGRAM, summary, commands, argc, argv);
}
