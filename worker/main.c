/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/commands.h"

static const char summary[] = "runs the jobs of RabbitMQ queues with any handler";

int main(int argc, char **argv)
{
	const struct command_spec commands[] = {run_command, test_command, check_command, {0}};
	return options_main(WORKER_PROGRAM, summary, commands, argc, argv);
}
