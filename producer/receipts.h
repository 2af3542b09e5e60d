/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receipts of a batch: the first line {"batch":"<random id>"}, then one line per input line
 * with its end. Written as the ends arrive; what a killed run had confirmed is in the file. Reading
 * one back gives the batch id and the confirmed lines, so that a second run makes no different job
 * and publishes none twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/error.h"
#include "common/job/job.h"

struct receipts {
	FILE *file;
	char batch[JOB_UUID_SIZE];
	int64_t began_ms;         /* when the batch began, in its first run: the time in a UUIDv7 */
	unsigned char *confirmed; /* a bit per ordinal */
	uint64_t capacity;        /* bits */
};

/* A new file; one that exists and is not empty is refused (ERROR_USAGE names --resume). */
int receipts_create(struct receipts *r, const char *path, struct error *err);
/* Reads path, then appends to it. A torn last line is cut off. ERROR_DATA: it is no receipts file.
 */
int receipts_resume(struct receipts *r, const char *path, struct error *err);
void receipts_finish(struct receipts *r);

bool receipts_confirmed(const struct receipts *r, uint64_t ordinal);
/* ordinal: number of the line over all input files, from 1. reason may be NULL. */
void receipts_write(struct receipts *r, uint64_t ordinal, const char *file, uint64_t line,
                    const char *id, const char *state, const char *reason);
/* Hands what was written to the kernel; a SIGKILL afterwards loses none of it. */
int receipts_flush(struct receipts *r, struct error *err);
