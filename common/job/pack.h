/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several jobs in one message: an array of job documents under a content type of its own
 * (docs/message-format.md). The message is only how they travel. Each of them is a job by itself.
 * Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/job/codec.h"
#include "common/job/message.h"

#define PACK_CONTENT_TYPE "application/vnd.warren.pack+json"

enum { PACK_JOBS_MAX = 1000 };

/* Returns true if the content type of m says that it is a pack. */
bool pack_is(const struct message *m);

/* Appends a document to the body of a pack. An empty body begins one. */
void pack_add(struct buf *body, struct span document);
/* Makes the body of a pack complete. Nothing can be added afterwards. */
void pack_close(struct buf *body);
/* Returns how many bytes the complete body would have with another document of that length. */
size_t pack_size_with(const struct buf *body, size_t document_len);

/*
 * Finds the documents of a pack of at most max bytes. They are borrowed from body, and each still
 * has to be read by codec_decode. Returns false if there is no document, if there are too many, or
 * if the end of one cannot be told. Then err says where and why.
 */
bool pack_split(struct span body, size_t max, struct span documents[static PACK_JOBS_MAX],
                size_t *count, struct codec_error *err);

/*
 * Returns the message of one job that leaves its pack. The caller destroys it. The signature of the
 * pack is left out because it is not over this document, and so is the reply_to.
 */
struct message *pack_member(const struct message *pack, struct span document);
