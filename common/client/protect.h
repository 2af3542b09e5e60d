/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs and seals jobs with the keys of their queues. A key file is read once, before the first job
 * that needs it. A queue without keys costs nothing.
 */
#pragma once

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/job/job.h"
#include "common/job/message.h"

struct protect;

/*
 * Returns a new object for queues below prefix. sign_with names the file of a secret key to sign
 * with, seal_to that of a public key to seal to. Either may be NULL for none. They hold for every
 * queue that protect_use does not name. All three are borrowed until protect_destroy.
 */
struct protect *protect_create(const char *prefix, const char *sign_with, const char *seal_to);
/* Wipes the keys and frees p. Does nothing for NULL. */
void protect_destroy(struct protect *p);
/* Sets the files of one queue, before its first job. They are borrowed until protect_destroy. */
void protect_use(struct protect *p, const char *queue, const char *sign_with, const char *seal_to);

/*
 * Replaces the args of the document by sealed ones if the queue has a key for that. A document that
 * is sealed already stays as it is. j has the document's id and type. Returns -1 if a key file
 * cannot be used.
 */
int protect_document(struct protect *p, const char *queue, const struct job *j,
                     struct buf *document, struct error *err);
/* Returns 1 if the queue has a key to sign with, 0 if not, -1 if a key file cannot be used. */
int protect_signs(struct protect *p, const char *queue, struct error *err);
/*
 * Puts a signature into the headers of m if the queue has a key for that. The body of m must be
 * complete. Returns -1 if a key file cannot be used.
 */
int protect_message(struct protect *p, const char *queue, struct message *m, struct error *err);
