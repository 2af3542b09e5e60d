/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *checked(void *p)
{
	if (p)
		return p;
	static const char text[] =
	    "out of memory: ending at once; the broker will deliver unacknowledged jobs again\n";
	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	abort();
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return text ? checked(strdup(text)) : NULL;
}

char *xmemdup(const void *data, size_t len)
{
	char *copy = len == SIZE_MAX ? NULL : malloc(len + 1);
	copy = checked(copy);
	if (len)
		memcpy(copy, data, len);
	copy[len] = 0;
	return copy;
}

char *xprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, fmt);
	int len = vasprintf(&text, fmt, args);
	va_end(args);
	return checked(len < 0 ? NULL : text);
}

void free_pointer(void *pointer_to_pointer)
{
	void **p = pointer_to_pointer;
	free(*p);
	*p = NULL;
}

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
