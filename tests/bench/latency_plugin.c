/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin that appends, for each job, the nanoseconds since it was published to the file that the
 * job names.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <warren/plugin.h>

static int open_file(const char *args)
{
	char path[512];
	const char *at = strstr(args, "\"file\":\"");
	if (!at || sscanf(at + 8, "%511[^\"]", path) != 1)
		return -1;
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static enum warren_verdict run(void *state, const struct warren_job *job,
                               const struct warren_host *host)
{
	static int fd = -1;
	struct timespec now;
	(void)state;
	clock_gettime(CLOCK_REALTIME, &now);
	const char *at = strstr(job->args, "\"t\":");
	if (fd < 0)
		fd = open_file(job->args);
	int64_t ns =
	    (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - (at ? strtoll(at + 4, NULL, 10) : 0);
	if (fd >= 0 && at && write(fd, &ns, sizeof ns) == sizeof ns)
		return WARREN_OK;
	host->error(host, "no time in the job, or no file to write to");
	return WARREN_DEAD;
}

const struct warren_plugin warren_plugin_v1 = {.size = sizeof warren_plugin_v1, .run = run};
