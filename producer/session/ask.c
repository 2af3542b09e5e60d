/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/session/ask.h"

#include <stdio.h>
#include <unistd.h>

int ask_yes(const char *question, bool yes, struct error *err)
{
	char answer[16] = "";
	if (yes)
		return 0;
	if (!isatty(STDIN_FILENO))
		return error_set(err, ERROR_USAGE,
		                 "there is no terminal to ask at: repeat the command with --yes");
	fprintf(stderr, "%s [y/N] ", question);
	if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return error_set(err, ERROR_FAILED, "nothing was deleted");
}
