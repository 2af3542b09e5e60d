/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes <-> job, by the table in docs/message-format.md. Pure: no broker, no clock, no file.
 *
 * args are checked by grammar and never converted: the original bytes are handed on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/job/job.h"

enum codec_fields {
	CODEC_FIELDS_STRICT,  /* an unknown field that does not begin with "x-" is refused: the
	                         producer */
	CODEC_FIELDS_LENIENT, /* unknown fields are carried and ignored: the worker */
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
 * Reads a document of at most max bytes. On success the caller owns *j (job_finish). On failure *j
 * is untouched, err says where and why; memory exhausted is reported as reason "out of memory".
 */
bool codec_decode(struct span body, size_t max, enum codec_fields fields, struct job *j,
                  struct codec_error *err);

/*
 * Writes a document: fields in the order of the table, absent ones left out, "v" left out (it is
 * 1). args go in verbatim and must be valid JSON. False: memory.
 */
bool codec_encode(const struct job *j, struct buf *out);

/*
 * For batch lines, where the original bytes should travel: appends to out a valid document
 * (codec_decode took it) with id and created_at in front when it has none (NULL and CLOCK_NEVER:
 * nothing is put there); the members present are copied byte for byte. False: memory, or no JSON
 * object.
 */
bool codec_complete(struct span body, const char *id, int64_t created_at_ms, struct buf *out);

/*
 * Appends to out a valid document with one member, key (with its quotes: "\"args\"" or
 * "\"sealed\""), in place of its members args and sealed; the others are copied byte for byte,
 * without the blanks between them. False: memory, or no JSON object.
 */
bool codec_replace_args(struct span body, const char *key, struct span value, struct buf *out);
