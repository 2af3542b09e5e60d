/* SPDX-License-Identifier: Apache-2.0 */
/* Does what signals ask of the worker. */
#pragma once

#include "worker/state/state.h"

/* Starts to listen to signals on the worker's loop. */
void signals_start(struct worker *w);
/* Begins to close what signals_start opened. */
void signals_close(struct worker *w);
