/* SPDX-License-Identifier: Apache-2.0 */
/* How the jobs of a batch ended, as the workers tell: each is counted once, since a job that ran
 * twice tells twice. Pure. */
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

/* Counts an answer (waiter.h) that tells of an end; its correlation_id is the line, 1 to last.
 * False: it is no news. */
bool ends_take(struct ends *e, const json_t *answer, uint64_t last);
void ends_finish(struct ends *e);
