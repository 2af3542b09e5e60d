/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that behaves as the type of its job says. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <warren/plugin.h>

/* Appends a line to the file that the args name. */
static enum warren_verdict write_down(const struct warren_job *job)
{
	char path[256] = "", line[256];
	if (sscanf(job->args, "\"%255[^\"]\"", path) != 1)
		return WARREN_DEAD;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int len = snprintf(line, sizeof line, "%s %u\n", job->id, job->attempt);
	bool written = fd >= 0 && write(fd, line, (size_t)len) == len;
	close(fd);
	return written ? WARREN_OK : WARREN_DEAD;
}

static enum warren_verdict run(void *state, const struct warren_job *job,
                               const struct warren_host *host)
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
	if (strcmp(job->type, "quick") == 0)
		return write_down(job);
	if (strcmp(job->type, "nap") == 0) {
		usleep(300000);
		return WARREN_OK;
	}
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
