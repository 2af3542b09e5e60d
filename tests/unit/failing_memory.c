/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/failing_memory.h"

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *p);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *p);

static long fail_from, allocations, live;

void memory_fail_from(long nth)
{
	fail_from = nth;
	allocations = live = 0;
}

long memory_live(void)
{
	return live;
}

static bool refused(void)
{
	allocations++;
	return fail_from > 0 && allocations >= fail_from;
}

void *__wrap_malloc(size_t size)
{
	if (refused())
		return NULL;
	live++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	if (refused())
		return NULL;
	live++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	if (refused())
		return NULL;
	live += old == NULL;
	return __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	if (refused())
		return NULL;
	live++;
	return __real_strdup(text);
}

void __wrap_free(void *p)
{
	live -= p != NULL;
	__real_free(p);
}
