/* SPDX-License-Identifier: Apache-2.0 */
/* Shows on stderr how far a batch is: as a bar, as a plain line every ten seconds, or as JSON. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

enum progress_mode { PROGRESS_NONE, PROGRESS_BAR, PROGRESS_PLAIN, PROGRESS_JSON };

struct progress_state {
	uint64_t lines, confirmed, failed, outstanding;
	uint64_t bytes, bytes_total; /* bytes_total is 0 if unknown */
	const char *blocked;         /* the broker's reason, or NULL if it is not blocked */
	bool connected;
};

struct progress {
	enum progress_mode mode;
	int64_t started_ms, drawn_ms;
	bool on_screen; /* a bar stands on the terminal's line */
};

/* mode: "auto" (a bar if stderr is a terminal, else nothing), "none", "bar", "plain",
 * "json". ERROR_USAGE.
 */
int progress_init(struct progress *p, const char *mode, struct error *err);
/* Draws if it is time to. */
void progress_update(struct progress *p, const struct progress_state *s);
/* Wipes the bar. Call it before another line goes to stderr. */
void progress_clear(struct progress *p);
