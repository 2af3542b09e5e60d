/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that behaves as the type of its job says. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <warren/plugin.h>

static enum warren_verdict run(void *state, const struct warren_job *job, const struct warren_host *host)
{
	(void)state;
	if (strcmp(job->type, "segv") == 0) {
		signal(SIGSEGV, SIG_DFL); /* a sanitizer would make an exit of it */
		raise(SIGSEGV);
	}
	if (strcmp(job->type, "abort") == 0)
		abort();
	if (strcmp(job->type, "exits") == 0)
		exit(0);
	if (strcmp(job->type, "hopeless") == 0) {
		host->error(host, "no \"use\"\n");
		return WARREN_DEAD;
	}
	if (strcmp(job->type, "again") == 0 && job->attempt < 3) {
		host->after_ms(host, 100);
		return WARREN_RETRY;
	}
	while (strcmp(job->type, "heeds") == 0)
		if (host->cancelled(host)) {
			host->error(host, "gave up");
			return WARREN_RETRY;
		}
	while (strcmp(job->type, "busy") == 0)
		;
	host->progress(host, 50, "half");
	puts("printed by the plugin");
	host->result(host, job->args, job->args_len);
	return WARREN_OK;
}

const struct warren_plugin warren_plugin_v1 = {.size = sizeof warren_plugin_v1, .run = run};
