/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/report.h"

#include <stdio.h>
#include <string.h>

const struct run_report run_report_blank = {.after_ms = -1,
                                            .exit_code = -1,
                                            .wall_ms = -1,
                                            .cpu_user_ms = -1,
                                            .cpu_system_ms = -1,
                                            .max_rss_kib = -1};

const char *signal_name(int number, char out[static SIGNAL_NAME_SIZE])
{
	if (number <= 0)
		return NULL;
	const char *abbreviation = sigabbrev_np(number);
	if (abbreviation)
		snprintf(out, SIGNAL_NAME_SIZE, "SIG%s", abbreviation);
	else
		snprintf(out, SIGNAL_NAME_SIZE, "signal %d", number);
	return out;
}
