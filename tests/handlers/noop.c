/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that does nothing, so that only the cost of the worker is seen. */
#include <warren/plugin.h>

static enum warren_verdict run(void *state, const struct warren_job *job,
                               const struct warren_host *host)
{
	(void)state;
	(void)job;
	(void)host;
	return WARREN_OK;
}

const struct warren_plugin warren_plugin_v1 = {.size = sizeof warren_plugin_v1, .run = run};
