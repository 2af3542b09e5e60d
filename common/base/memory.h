/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation that never returns NULL, clean-up at the end of a scope, and visible transfer of
 * ownership.
 *
 * When memory is exhausted these write one line to stderr and call abort(). The broker redelivers
 * what was not acknowledged, so nothing is lost, and no code has to survive half a job. The codec
 * does not use them. It reads what strangers send and returns an error instead.
 */
#pragma once

#include <stddef.h>

/* Returns zeroed memory for count items of size bytes. The caller frees it. */
void *xcalloc(size_t count, size_t size) __attribute__((returns_nonnull, warn_unused_result));
/* Resizes old, which may be NULL, to count items of size bytes. New bytes are not zeroed. */
void *xrealloc(void *old, size_t count, size_t size)
    __attribute__((returns_nonnull, warn_unused_result));
/* Returns a copy of text, or NULL for NULL. The caller frees it. */
char *xstrdup(const char *text) __attribute__((warn_unused_result));
/* Returns a terminated copy of len bytes. The caller frees it. */
char *xmemdup(const void *data, size_t len) __attribute__((returns_nonnull, warn_unused_result));
/* Returns formatted text. The caller frees it. */
char *xprintf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), returns_nonnull, warn_unused_result));

/* Frees a variable's pointer. For cleanup_free only. */
void free_pointer(void *pointer_to_pointer);
/* Closes a variable's descriptor, unless it is -1. For cleanup_close only. */
void close_fd(int *fd);

/* Frees the pointer, or closes the descriptor, when its variable goes out of scope. */
#define cleanup_free __attribute__((cleanup(free_pointer)))
#define cleanup_close __attribute__((cleanup(close_fd)))

/* Returns the pointer in the variable p and sets p to NULL, to show that ownership moves. */
#define steal_ptr(p)                                                                               \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})
