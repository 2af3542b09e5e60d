/* SPDX-License-Identifier: Apache-2.0 */
/* How far a batch is, on stderr: a line that is drawn over on a terminal, a plain line every ten
 * seconds, or JSON. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

enum progress_mode { PROGRESS_NONE, PROGRESS_BAR, PROGRESS_PLAIN, PROGRESS_JSON };

struct progress_state {
	uint64_t lines, confirmed, failed, outstanding;
	uint64_t bytes, bytes_total; /* total 0: unknown */
	const char *blocked;         /* the broker's reason; NULL: it is not blocked */
	bool connected;
};

struct progress {
	enum progress_mode mode;
	int64_t started_ms, drawn_ms;
	bool on_screen; /* a bar stands on the terminal's line */
};

/* mode: "auto" (a bar when stderr is a terminal that can, else nothing), "none", "bar", "plain",
 * "json". ERROR_USAGE.
 */
int progress_init(struct progress *p, const char *mode, struct error *err);
/* Draws when it is time to. */
void progress_update(struct progress *p, const struct progress_state *s);
/* Wipes the bar: call before any other line goes to stderr. */
void progress_clear(struct progress *p);
