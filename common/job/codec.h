/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns bytes into a job and a job into bytes, by the table in docs/message-format.md. Pure: no
 * broker, no clock, no file.
 *
 * args are checked by their grammar and never converted. Their original bytes are handed on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/job/job.h"

enum codec_fields {
	/* For the producer. An unknown field that does not begin with "x-" is refused. */
	CODEC_FIELDS_STRICT,
	/* For the worker. Unknown fields are carried and ignored. */
	CODEC_FIELDS_LENIENT,
};

struct codec_error {
	size_t offset;    /* where in the bytes */
	char reason[200]; /* terminated, one line, holds no byte of the job but escaped names */
};

enum {
	CODEC_BODY_MAX_DEFAULT = 1024 * 1024,
	CODEC_MEMBERS_MAX = 256 /* of the document, of headers, of retry */
};

/*
 * Reads a document of at most max bytes. On success the caller owns *j (job_finish). Returns false
 * if the document is not valid. Then *j is untouched and err says where and why. When memory is
 * exhausted the reason is "out of memory".
 */
bool codec_decode(struct span body, size_t max, enum codec_fields fields, struct job *j,
                  struct codec_error *err);

/*
 * Appends the document of j to out. Fields come in the order of the table, absent ones are left
 * out, and so is "v", which is 1. args go in as they are and must be valid JSON. Returns false if
 * memory is exhausted.
 */
bool codec_encode(const struct job *j, struct buf *out);

/*
 * Appends to out a document that codec_decode took, with id and created_at in front. NULL and
 * CLOCK_NEVER mean that the document has its own. All other members are copied byte for byte, so
 * that the lines of a batch travel as they were written. Returns false if body is no JSON object or
 * memory is exhausted.
 */
bool codec_complete(struct span body, const char *id, int64_t created_at_ms, struct buf *out);

/*
 * Appends to out a valid document in which one member takes the place of args and sealed. key is
 * its name with the quotes, "\"args\"" or "\"sealed\"". The other members are copied byte for byte,
 * without the blanks between them. Returns false if body is no JSON object or memory is exhausted.
 */
bool codec_replace_args(struct span body, const char *key, struct span value, struct buf *out);
