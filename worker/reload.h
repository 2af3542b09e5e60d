/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP: reads again what may change while jobs run. */
#pragma once

#include "worker/state/state.h"

/* Opens the log anew and reads keys and some settings again. Never names, queues or handlers, to
 * which running jobs refer. What is wrong stays as it is. */
void reload_all(struct worker *w);
