/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/signal_name.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

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
