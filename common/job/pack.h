/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several jobs in one message: an array of job documents under a content type of its own
 * (docs/message-format.md). The message is only how they travel: each of them is a job by itself.
 * Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/job/codec.h"
#include "common/job/message.h"

#define PACK_CONTENT_TYPE "application/vnd.warren.pack+json"

enum { PACK_JOBS_MAX = 1000 };

bool pack_is(const struct message *m);

/* Appends a document to the body of a pack; an empty body begins one. pack_close makes it complete.
 */
void pack_add(struct buf *body, struct span document);
void pack_close(struct buf *body);
/* Bytes of the complete body with another document of that length. */
size_t pack_size_with(const struct buf *body, size_t document_len);

/*
 * Finds the documents of a pack of at most max bytes; they are borrowed from the body, and each is
 * still to be read by codec_decode. False: there are none, too many, or where one ends cannot be
 * told.
 */
bool pack_split(struct span body, size_t max, struct span documents[static PACK_JOBS_MAX],
                size_t *count, struct codec_error *err);

/*
 * The message of one job that leaves its pack. It has neither the pack's signature, which is not
 * over this document, nor its reply_to.
 */
struct message *pack_member(const struct message *pack, struct span document);
