/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes and reads the receipts of a batch. The first line is {"batch":"<random id>"}. Each further
 * line tells the outcome of one input line. They are written as the outcomes arrive, so that the
 * file of a killed run holds what was confirmed. A second run that reads them makes the same jobs
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
	int failed; /* errno of the first write that failed, or 0. stdio drops what it could not
	               write, so a later write may succeed. */
	char batch[JOB_UUID_SIZE];
	int64_t began_ms;         /* when the batch began, in its first run: the time in a UUIDv7 */
	unsigned char *confirmed; /* a bit per ordinal */
	uint64_t capacity;        /* bits */
};

/* Creates the file. Returns -1 with ERROR_USAGE if there is one that is not empty. */
int receipts_create(struct receipts *r, const char *path, struct error *err);
/* Reads the file at path and opens it to append. A torn last line is cut off. Returns -1 with
 * ERROR_DATA if it is no receipts file. */
int receipts_resume(struct receipts *r, const char *path, struct error *err);
/* Closes the file. */
void receipts_finish(struct receipts *r);

/* Returns true if the run that is resumed had this line confirmed. */
bool receipts_confirmed(const struct receipts *r, uint64_t ordinal);
/* Writes one receipt. ordinal is the number of the line over all input files, from 1. id and reason
 * may be NULL. */
void receipts_write(struct receipts *r, uint64_t ordinal, const char *file, uint64_t line,
                    const char *id, const char *state, const char *reason);
/* Hands what was written to the kernel. A SIGKILL afterwards loses none of it. */
int receipts_flush(struct receipts *r, struct error *err);
