/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/guardian/oom.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t seen = -1; /* -1 when the kernel does not count */

static int64_t count_kills(void)
{
	char line[128];
	int64_t count = -1;
	FILE *f = fopen("/proc/vmstat", "re");
	while (f && count < 0 && fgets(line, sizeof line, f))
		if (strncmp(line, "oom_kill ", 9) == 0)
			count = strtoll(line + 9, NULL, 10);
	if (f)
		fclose(f);
	return count;
}

void oom_begin(void)
{
	seen = count_kills();
}

bool oom_happened(void)
{
	int64_t now = seen < 0 ? -1 : count_kills();
	if (now <= seen)
		return false;
	seen++; /* one kill explains the end of one process */
	return true;
}
