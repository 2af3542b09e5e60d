/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/commands.h"

static const char summary[] = "publishes JSON jobs to RabbitMQ and looks after their queues";

int main(int argc, char **argv)
{
	const struct command_spec commands[] = {
	    setup_command, send_command, batch_command, dead_command,
	    queue_command, keys_command, ping_command,  {0}};
	return options_main(PRODUCER_PROGRAM, summary, commands, argc, argv);
}
