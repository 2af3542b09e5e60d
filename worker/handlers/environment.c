/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "common/base/random.h"
#include "worker/guardian/inherit.h"

static char header_char(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
}

static int compare_variables(const void *a, const void *b)
{
	const struct job_header *const *x = a, *const *y = b;
	const char *m = (*x)->name, *n = (*y)->name;
	while (*m && *n && header_char(*m) == header_char(*n))
		m++, n++;
	return (*m ? header_char(*m) : 0) - (*n ? header_char(*n) : 0);
}

int environment_check(const struct job *j, struct error *err)
{
	size_t total = 0;
	if (j->header_count == 0)
		return 0;
	for (size_t i = 0; i < j->header_count; i++)
		total +=
		    strlen(j->headers[i].name) + strlen(j->headers[i].value) + sizeof "JOB_H_=";
	if (total > ENVIRONMENT_HEADERS_MAX)
		return error_set(err, ERROR_DATA,
		                 "the job's headers take %zu bytes of environment; the limit is %d",
		                 total, ENVIRONMENT_HEADERS_MAX);
	/* Sorts them first, because comparing each with each would let a stranger's headers hold up
	 * the loop. */
	/* NOLINTBEGIN(bugprone-sizeof-expression): pointers are sorted */
	cleanup_free const struct job_header **sorted = xcalloc(j->header_count, sizeof *sorted);
	for (size_t i = 0; i < j->header_count; i++)
		sorted[i] = &j->headers[i];
	qsort(sorted, j->header_count, sizeof *sorted, compare_variables);
	/* NOLINTEND(bugprone-sizeof-expression) */
	for (size_t i = 1; i < j->header_count; i++)
		if (compare_variables(&sorted[i - 1], &sorted[i]) == 0)
			return error_set(
			    err, ERROR_DATA,
			    "headers '%.60s' and '%.60s' would be the same environment variable",
			    sorted[i - 1]->name, sorted[i]->name);
	return 0;
}

static char *header_variable(const struct job_header *h)
{
	char *text = xprintf("JOB_H_%s=%s", h->name, h->value);
	for (size_t i = 0; h->name[i]; i++)
		text[strlen("JOB_H_") + i] = header_char(h->name[i]);
	return text;
}

static const char *trace_parent(const struct job *j)
{
	for (size_t i = 0; i < j->header_count; i++)
		if (strcmp(j->headers[i].name, "traceparent") == 0)
			return j->headers[i].value;
	return NULL;
}

/* Returns an upper bound: a name for each two characters, and TMPDIR. */
static size_t count_more(const struct environment_more *more)
{
	return (more->names ? strlen(more->names) / 2 + 1 : 0) + 1;
}

static size_t add_more(char **env, const struct environment_more *more)
{
	size_t n = 0;
	cleanup_free char *names = xstrdup(more->names);
	char *rest = NULL;
	for (char *name = names ? strtok_r(names, ", ", &rest) : NULL; name;
	     name = strtok_r(NULL, ", ", &rest)) {
		const char *value = getenv(name);
		cleanup_free char *variable = value ? xprintf("%s=%s", name, value) : NULL;
		if (variable && inherit_allowed(variable) &&
		    !(more->tmp && strcmp(name, "TMPDIR") == 0))
			env[n++] = steal_ptr(variable);
	}
	if (more->tmp)
		env[n++] = xprintf("TMPDIR=%s", more->tmp);
	return n;
}

char **environment_make(const struct run_request *r, const char *token,
                        const struct environment_more *more)
{
	const struct job *j = r->job;
	char time[CLOCK_TEXT_SIZE];
	const char *trace = trace_parent(j);
	char **env = xcalloc(j->header_count + 11 + count_more(more), sizeof *env);
	size_t n = add_more(env, more);
	env[n++] = xstrdup(token);
	env[n++] = xprintf("JOB_ID=%s", j->id);
	env[n++] = xprintf("JOB_TYPE=%s", j->type);
	env[n++] = xprintf("JOB_QUEUE=%s", r->queue);
	env[n++] = xprintf("JOB_ATTEMPT=%u", r->attempt);
	env[n++] = xprintf("JOB_MAX_ATTEMPTS=%u", r->max_attempts);
	env[n++] = xprintf("JOB_DEADLINE=%s", clock_format(r->deadline_at_ms, time));
	if (j->created_at_ms != CLOCK_NEVER)
		env[n++] = xprintf("JOB_CREATED_AT=%s", clock_format(j->created_at_ms, time));
	if (trace)
		env[n++] = xprintf("TRACEPARENT=%s", trace);
	for (size_t i = 0; i < j->header_count; i++)
		env[n++] = header_variable(&j->headers[i]);
	return env;
}

char **environment_of_resident(const char *token, const struct environment_more *more)
{
	char **env = xcalloc(2 + count_more(more), sizeof *env);
	env[add_more(env, more)] = xstrdup(token);
	return env;
}

void environment_make_token(char out[static ENVIRONMENT_TOKEN_SIZE])
{
	uint64_t bits[2];
	random_bytes(bits, sizeof bits);
	snprintf(out, ENVIRONMENT_TOKEN_SIZE, "JOB_TOKEN=%016llx%016llx",
	         (unsigned long long)bits[0], (unsigned long long)bits[1]);
}

void environment_free(char **env)
{
	for (char **e = env; e && *e; e++)
		free(*e);
	free(env);
}
