/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/process_usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"

enum { FIELD_UTIME = 14, FIELD_STIME = 15, FIELD_RSS = 24 };

bool process_usage_read(pid_t pid, struct process_usage *u)
{
	char path[64], text[1024];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n <= 0)
		return false;
	text[n] = 0;
	/* The name, field 2, may hold anything. Only numbers and the state follow its ')'. */
	char *at = strrchr(text, ')');
	long long values[FIELD_RSS + 1] = {0};
	char *rest = NULL;
	at = at ? strtok_r(at + 1, " ", &rest) : NULL;
	for (int field = 3; at && field <= FIELD_RSS; field++, at = strtok_r(NULL, " ", &rest))
		values[field] = strtoll(at, NULL, 10);
	long ticks = sysconf(_SC_CLK_TCK), page_kib = sysconf(_SC_PAGESIZE) / 1024;
	u->cpu_user_ms = values[FIELD_UTIME] * 1000 / ticks;
	u->cpu_system_ms = values[FIELD_STIME] * 1000 / ticks;
	u->rss_kib = values[FIELD_RSS] * page_kib;
	return true;
}
