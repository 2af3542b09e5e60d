/* SPDX-License-Identifier: Apache-2.0 */
/* Counts how the jobs of a batch ended, as the workers tell. A job that ran twice tells twice, but
 * is counted once. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Zero-initialised is empty and valid. */
struct ends {
	uint64_t told, dead;
	unsigned char *lines; /* a bit per line whose end was told */
	uint64_t bits;
};

/* Counts a final answer (waiter.h), whose correlation_id is the number of a line, 1 to last.
 * Returns false for other answers, and for a line that was counted before. */
bool ends_take(struct ends *e, const json_t *answer, uint64_t last);
/* Frees what ends_take made. */
void ends_finish(struct ends *e);
