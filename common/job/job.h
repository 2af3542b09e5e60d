/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job as data. struct job is what its document says and is the same in every attempt. What is
 * kept about a job on the way is struct bookkeeping (headers.h). docs/message-format.md has the
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

/* A zeroed job is valid to finish. */
struct job {
	char *id;   /* owned; NULL when the document has none (the caller fills it in) */
	char *type; /* owned; never NULL after a successful decode */
	/* Owned, terminated. The original bytes without outer blanks, or "null" when omitted. */
	char *args;
	size_t args_len;
	/*
	 * Sealed args (seal.h): owned; NULL when they are not. args is "null" then, until somebody
	 * opens them.
	 */
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

/* Frees all that j owns. A zeroed job may be finished too. */
void job_finish(struct job *j);

/* Returns true if id is 1 to JOB_ID_MAX bytes of A-Za-z0-9._:- . */
bool job_id_valid(struct span id);
/* Returns true if type is 1 to JOB_TYPE_MAX bytes of A-Za-z0-9._- . */
bool job_type_valid(struct span type);
/* The name of a key that signs or seals. */
enum { KEY_ID_MAX = 64 };
#define KEY_ID_FORM "1 to 64 bytes of A-Za-z0-9._-"
/* Returns true if kid has KEY_ID_FORM. */
bool key_id_valid(struct span kid);
/*
 * The routing key P.q.NAME.dead must stay within the 255 bytes of AMQP, and the dead queue of
 * "mail" must not be the job queue of "mail.dead".
 */
#define QUEUE_NAME_FORM "1 to 100 bytes of A-Za-z0-9._- and not end in .dead"
/* Returns true if name has QUEUE_NAME_FORM. */
bool queue_name_valid(struct span name);
/*
 * Returns true if the type matches the glob. '*' stands for any bytes and '?' for one byte. Nothing
 * else is special.
 */
bool job_type_matches(const char *glob, const char *type);

enum { JOB_UUID_SIZE = 37 };
/*
 * Writes a new UUIDv7 (RFC 9562) with the time at_ms and random bits from the kernel. Returns out.
 */
char *job_make_uuid7(int64_t at_ms, char out[static JOB_UUID_SIZE]);
enum { JOB_HASH_SIZE = 35 };
/*
 * Writes "h-" and 32 hex digits, which are the same for the same parts. Returns out. It is used
 * where an id must come out the same again: for a stranger's message (queue, body, timestamp) and
 * for a line of a batch (batch id, line number, bytes). The length of each part counts, so moving a
 * byte from one part to the next gives another id. The hash keeps no secret.
 */
char *job_make_hash_id(const struct span *parts, size_t count, char out[static JOB_HASH_SIZE]);
