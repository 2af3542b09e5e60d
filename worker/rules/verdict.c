/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rules/verdict.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {"ok",      "retry", "snooze",     "dead",    "crash",
                                    "timeout", "oom",   "unrunnable", "returned"};

const char *verdict_name(enum verdict v)
{
	return names[v];
}

bool verdict_from_name(const char *name, enum verdict *v)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(name, names[i]) == 0) {
			*v = (enum verdict)i;
			return true;
		}
	}
	return false;
}

enum verdict verdict_of_exit(int code)
{
	switch (code) {
	case 0:
		return VERDICT_OK;
	case 65:
	case 100:
		return VERDICT_DEAD;
	default:
		return VERDICT_RETRY; /* 75 and 111 mean retry by convention */
	}
}
