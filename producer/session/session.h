/* SPDX-License-Identifier: Apache-2.0 */
/* Begins and ends a command: its options, its settings, its exit code. */
#pragma once

#include "common/settings/options.h"
#include "producer/session/producer_settings.h"

struct session {
	const struct command_spec *command;
	struct options options;
	struct producer_settings settings;
};

/*
 * Parses the command line and reads the settings. Returns true if the command must return
 * *exit_code at once, because it was asked for help or because something is wrong. Otherwise
 * session_end is due at the end.
 */
bool session_begin(struct session *s, const struct command_spec *command, int argc, char **argv,
                   int *exit_code);
/* Frees the session and returns the exit code: 0 if rc is 0, else that of err, which is printed. */
int session_end(struct session *s, int rc, const struct error *err);
