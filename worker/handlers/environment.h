/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the environment that tells a handler process about its job (docs/handlers.md). Pure. */
#pragma once

#include <stddef.h>

#include "common/base/error.h"
#include "common/job/job.h"
#include "worker/handlers/handler.h"

enum { ENVIRONMENT_HEADERS_MAX = 64 * 1024 };

/* Returns -1 with ERROR_DATA when two headers of the job would have the same JOB_H_ name, or when
 * all take more than ENVIRONMENT_HEADERS_MAX bytes. */
int environment_check(const struct job *j, struct error *err);

/* Variables that a handler's settings add. */
struct environment_more {
	const char *names; /* the worker's variables that are passed on; NULL when the guardian
	                      passes on all that it may */
	const char *tmp;   /* TMPDIR; NULL leaves it as it is */
};

/* Returns "NAME=value" texts, NULL-terminated, which are freed with environment_free. token is one
 * of environment_make_token. */
char **environment_make(const struct run_request *r, const char *token,
                        const struct environment_more *more);
/* Like environment_make, but for a long-lived process, which gets its jobs by other ways. */
char **environment_of_resident(const char *token, const struct environment_more *more);
void environment_free(char **env);
/* Writes a new "JOB_TOKEN=...", by which the guardian knows the processes of a tree. */
enum { ENVIRONMENT_TOKEN_SIZE = 64 };
void environment_make_token(char out[static ENVIRONMENT_TOKEN_SIZE]);
