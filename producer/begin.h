/* SPDX-License-Identifier: Apache-2.0 */
/* What every command of the producer does first and last. */
#pragma once

#include "common/settings/options.h"
#include "producer/producer_settings.h"

struct session {
	const struct command_spec *command;
	struct options options;
	struct producer_settings settings;
};

/* True: the command returns *exit_code at once (help, usage error, bad settings). False: go on,
 * session_end at the end.
 */
bool session_begin(struct session *s, const struct command_spec *command, int argc, char **argv,
                   int *exit_code);
/* Frees; returns the exit code: 0 for rc == 0, else err is printed and its kind returned. */
int session_end(struct session *s, int rc, const struct error *err);
