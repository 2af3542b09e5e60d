/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/session/session.h"

bool session_begin(struct session *s, const struct command_spec *command, int argc, char **argv,
                   int *exit_code)
{
	struct error err = {0};
	s->command = command;
	if (options_begin(&producer_schema, command, argc, argv, &s->options, &s->settings,
	                  exit_code))
		return true;
	if (producer_schema.check(&s->settings, &err) == 0)
		return false;
	*exit_code = session_end(s, -1, &err);
	return true;
}

int session_end(struct session *s, int rc, const struct error *err)
{
	int code = rc == 0 ? 0 : options_fail(PRODUCER_PROGRAM, s->command, err);
	settings_finish(&producer_schema, &s->settings);
	options_finish(&s->options);
	return code;
}
