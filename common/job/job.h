/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job as data: what its document says (struct job, the same on every try) apart from what is
 * kept about it on the way (struct bookkeeping, in AMQP headers). docs/message-format.md has the
 * tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/job/retry.h"

enum { JOB_ID_MAX = 128, JOB_TYPE_MAX = 128, JOB_DEPTH_MAX = 64 };

struct job_header {
	char *name;  /* owned, terminated; may hold no NUL */
	char *value; /* owned, terminated; may hold no NUL */
};

/* Zero-initialised is valid to finish. */
struct job {
	char *id;   /* owned; NULL when the document has none (the caller fills it in) */
	char *type; /* owned; never NULL after a successful decode */
	char *args; /* owned, terminated: the original bytes, without outer blanks; "null" when
	               omitted */
	size_t args_len;
	/* Sealed args (seal.h): owned; NULL when they are not. args is "null" then, until somebody
	 * opens them. */
	char *sealed_to;       /* the key's id */
	char *sealed;          /* the text */
	int64_t created_at_ms; /* CLOCK_NEVER when omitted */
	int64_t not_before_ms;
	int64_t expires_at_ms;
	int64_t timeout_ms; /* 0 when omitted */
	struct retry_override retry;
	struct job_header *headers; /* owned */
	size_t header_count;
};

void job_finish(struct job *j);

/* Is it 1 to JOB_ID_MAX bytes of A-Za-z0-9._:- ? */
bool job_id_valid(struct span id);
/* Is it 1 to JOB_TYPE_MAX bytes of A-Za-z0-9._- ? */
bool job_type_valid(struct span type);
/* Is it KEY_ID_FORM? The name of a key that signs or seals. */
enum { KEY_ID_MAX = 64 };
#define KEY_ID_FORM "1 to 64 bytes of A-Za-z0-9._-"
bool key_id_valid(struct span kid);
/*
 * Is it QUEUE_NAME_FORM? The routing key P.q.NAME.dead must stay within AMQP's 255 bytes, and the
 * dead queue of "mail" must not be the job queue of "mail.dead".
 */
#define QUEUE_NAME_FORM "1 to 100 bytes of A-Za-z0-9._- and not end in .dead"
bool queue_name_valid(struct span name);
/* Does the type match the glob ('*' any run, '?' one byte, nothing else special)? */
bool job_type_matches(const char *glob, const char *type);

enum { JOB_UUID_SIZE = 37 };
/* A new UUIDv7 (RFC 9562), time from at_ms, random bits from the kernel. Returns out. */
char *job_make_uuid7(int64_t at_ms, char out[static JOB_UUID_SIZE]);
/*
 * The same 128-bit hash text (32 hex digits) for the same parts, "h-" in front. Used where an id
 * must come out the same again: a stranger's message (queue, body, timestamp), a line of a batch
 * (batch id, line number, bytes). Parts are length-prefixed, so that moving a byte between parts
 * changes the result. Not a secret-keeping hash.
 */
enum { JOB_HASH_SIZE = 35 };
char *job_make_hash_id(const struct span *parts, size_t count, char out[static JOB_HASH_SIZE]);
