/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/base/clock.h"
#include "common/settings/connect.h"
#include "producer/session/session.h"
#include "producer/commands.h"

static const struct option_spec options[] = {{"json", 0, NULL, "print a line of JSON"}, {0}};

static int ping(struct session *s, struct error *err)
{
	int64_t before_ms = clock_monotonic_ms();
	struct broker *b = connect_broker(&s->settings.connection, err);
	if (!b)
		return -1;
	long long ms = (long long)(clock_monotonic_ms() - before_ms);
	if (options_has(&s->options, "json"))
		printf("{\"ok\":true,\"broker\":\"%s\",\"version\":\"%s\",\"ms\":%lld}\n",
		       broker_peer(b), broker_version(b), ms);
	else
		printf("ok %s RabbitMQ %s in %lld ms\n", broker_peer(b), broker_version(b), ms);
	broker_destroy(b, true);
	return 0;
}

static int run(int argc, char **argv)
{
	struct session s;
	struct error err = {0};
	int code;
	if (session_begin(&s, &ping_command, argc, argv, &code))
		return code;
	return session_end(&s, ping(&s, &err), &err);
}

const struct command_spec ping_command = {
    .name = "ping",
    .usage = "ping [--json]",
    .summary = "see whether the broker can be reached and lets us in",
    .examples = "  warren-producer ping\n"
                "  warren-producer ping --url amqp://guest@localhost:5672/\n"
                "  warren-producer ping --json\n",
    .options = options,
    .run = run,
};
