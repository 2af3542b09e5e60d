/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler process finds in its environment about its job (docs/handlers.md). Pure. */
#pragma once

#include <stddef.h>

#include "common/base/error.h"
#include "common/job/job.h"
#include "worker/handlers/handler.h"

enum { ENVIRONMENT_HEADERS_MAX = 64 * 1024 };

/* -1: two headers of the job come out as the same JOB_H_ name, or they take more than
 * ENVIRONMENT_HEADERS_MAX bytes. */
int environment_check(const struct job *j, struct error *err);

/* What a handler's settings add. */
struct environment_more {
	const char *names; /* of the worker's variables, when only these are passed on; NULL: the
	                      guardian sees to it */
	const char *tmp;   /* TMPDIR; NULL: as it is */
};

/* "NAME=value" texts, NULL-terminated; freed with environment_free. token: of
 * environment_make_token (tree.h). */
char **environment_make(const struct run_request *r, const char *token,
                        const struct environment_more *more);
/* The same for a long-lived process, which gets its jobs by other ways. */
char **environment_of_resident(const char *token, const struct environment_more *more);
void environment_free(char **env);
/* A new "JOB_TOKEN=...". */
enum { ENVIRONMENT_TOKEN_SIZE = 64 };
void environment_make_token(char out[static ENVIRONMENT_TOKEN_SIZE]);
