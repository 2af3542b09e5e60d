/* SPDX-License-Identifier: Apache-2.0 */
/* The two connections of the worker, and what their events ask of it. */
#pragma once

#include "worker/state/state.h"

/* Creates both links, which begin to connect in threads of their own. Nothing is heard before
 * links_start. Returns -1 with the error when a link cannot be made. links_end must be called in
 * both cases. */
int links_open(struct worker *w, struct error *err);
/* Starts to hear the links on the worker's loop. */
void links_start(struct worker *w);
/* Hands everything that is to be published or settled to the links. Call it once per turn of the
 * loop. */
void links_flush(struct worker *w);
/* Looks for links that are stuck. Call it now and then. */
void links_watch(struct worker *w);
/* Opens the consuming connection anew, so that the broker delivers again what is held. */
void links_reopen_consuming(struct worker *w, const char *why);
/* Begins to close what links_start opened. */
void links_close(struct worker *w);
/* Closes both connections and waits for that. at_once: not for long. */
void links_end(struct worker *w, bool at_once);
