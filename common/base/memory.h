/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation that does not return NULL, scoped clean-up, visible transfer.
 *
 * In the two programs running out of memory means: one line on stderr and
 * abort(). The broker redelivers what was not acknowledged, so nothing is lost
 * and no code path has to survive half a job. The codec does not use these: it
 * reads what strangers send and returns an error instead.
 */
#pragma once

#include <stddef.h>

void *xcalloc(size_t count, size_t size) __attribute__((returns_nonnull, warn_unused_result));
void *xrealloc(void *old, size_t count, size_t size)
    __attribute__((returns_nonnull, warn_unused_result));
/* NULL gives NULL. */
char *xstrdup(const char *text) __attribute__((warn_unused_result));
/* A terminated copy of len bytes. */
char *xmemdup(const void *data, size_t len) __attribute__((returns_nonnull, warn_unused_result));
char *xprintf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), returns_nonnull, warn_unused_result));

void free_pointer(void *pointer_to_pointer); /* for cleanup_free only */
void close_fd(int *fd);                      /* for cleanup_close only; -1 is ignored */

#define cleanup_free __attribute__((cleanup(free_pointer)))
#define cleanup_close __attribute__((cleanup(close_fd)))

/* Moves a pointer out of a variable, leaving NULL: ownership is seen to leave. */
#define steal_ptr(p)                                                                               \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})
