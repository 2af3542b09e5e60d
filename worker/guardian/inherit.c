/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/guardian/inherit.h"

#include <stddef.h>
#include <string.h>

bool inherit_allowed(const char *variable)
{
	static const char *const hidden[] = {"AMQP_",   "WARREN_", "NOTIFY_SOCKET=", "WATCHDOG_",
	                                     "LISTEN_", "JOB_",    "TRACEPARENT="};
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		if (strncmp(variable, hidden[i], strlen(hidden[i])) == 0)
			return false;
	return true;
}
