/* SPDX-License-Identifier: Apache-2.0 */
/* The names of signals. */
#pragma once

enum { SIGNAL_NAME_SIZE = 32 };

/*
 * Writes the name of a signal to out, "SIGKILL", or "signal 70" for one that has no name. Returns
 * out, or NULL for a number that is not above 0.
 */
const char *signal_name(int number, char out[static SIGNAL_NAME_SIZE]);
