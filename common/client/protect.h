/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs and seals what the producer sends, with the keys of each queue: those of --sign-with and
 * --seal-to, else of its settings. Keys are read once, before the first job that needs them; a
 * queue without any costs nothing.
 */
#pragma once

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/job/job.h"
#include "common/job/message.h"
#include "common/settings/options.h"
#include "producer/producer_settings.h"

/* --sign-with --seal-to: for the option tables of send and batch. */
#define PROTECT_OPTIONS                                                                            \
	{"sign-with", 0, "FILE",                                                                   \
	 "sign with the secret key in FILE (default: sign_with of the queue)"},                    \
	{                                                                                          \
		"seal-to", 0, "FILE",                                                              \
		    "seal the args to the public key in FILE (default: seal_to of the queue)"      \
	}

struct protect;

/* Both are borrowed. */
struct protect *protect_create(const struct producer_settings *s, const struct options *o);
void protect_destroy(struct protect *p); /* NULL is fine */

/*
 * Puts sealed args in the place of the document's, when the queue has a key for that; a document
 * that came sealed stays as it is. j has the document's id and type.
 */
int protect_document(struct protect *p, const char *queue, const struct job *j,
                     struct buf *document, struct error *err);
/* 1: the queue has a key to sign with; 0: it has none. */
int protect_signs(struct protect *p, const char *queue, struct error *err);
/* Puts a signature into the headers of m, whose body is complete, when the queue has a key for
 * that. */
int protect_message(struct protect *p, const char *queue, struct message *m, struct error *err);
