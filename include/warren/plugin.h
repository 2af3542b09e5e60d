/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handler as a C plugin: a shared object with one symbol, WARREN_PLUGIN_SYMBOL, of type struct
 * warren_plugin. It is loaded by a process of its own below warren-worker, so a fault in it is a
 * crash of the job in hand and nothing more.
 *
 *     #include <string.h>
 *     #include <warren/plugin.h>
 *
 *     static enum warren_verdict run(void *state, const struct warren_job *job, const struct
 * warren_host *host)
 *     {
 *         host->result(host, job->args, job->args_len);
 *         return WARREN_OK;
 *     }
 *     const struct warren_plugin warren_plugin_v1 = {.size = sizeof warren_plugin_v1, .run = run};
 *
 *     cc -shared -fPIC -o echo.so echo.c $(pkg-config --cflags warren)
 *     warren-worker run -q echo --handler '*=plugin:./echo.so'
 *
 * Jobs come one at a time per process, on its main thread. What the plugin writes to stdout and
 * stderr is logged. Structs grow at their ends only; size tells how much of one is there.
 */
#ifndef WARREN_PLUGIN_H
#define WARREN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum warren_verdict {
	WARREN_OK = 0,
	WARREN_RETRY =
	    1, /* counted as a failure, again after the queue's backoff or host->after_ms */
	WARREN_SNOOZE = 2, /* not counted */
	WARREN_DEAD = 3,   /* no retry will help */
};

/* A job. All of it lives until run() returns; texts are UTF-8 and end in NUL. */
struct warren_job {
	size_t size;
	const char *id, *type, *queue;
	unsigned attempt, max_attempts;
	const char *deadline; /* RFC 3339, UTC: then it is cancelled, and killed a grace later */
	const char *args;     /* JSON, byte for byte as it was published; also ends in NUL */
	size_t args_len;
	const char *document; /* the whole job document; NULL in a raw queue */
	size_t document_len;
};

/* What a plugin may call from within run(), from the thread that run() was called on. */
struct warren_host {
	size_t size;
	void *context;
	/* The job's result: one JSON text, copied. The last one counts. What is not JSON becomes a
	 * JSON string. */
	void (*result)(const struct warren_host *host, const char *json, size_t len);
	/* Why it failed, for people; copied. */
	void (*error)(const struct warren_host *host, const char *text);
	/* For RETRY and SNOOZE: not before so many milliseconds. */
	void (*after_ms)(const struct warren_host *host, int64_t ms);
	/* How far it is; percent -1: not said. note may be NULL. */
	void (*progress)(const struct warren_host *host, int percent, const char *note);
	/* Has its deadline passed, or does the worker end? Then return soon. Cheap enough for an
	 * inner loop. */
	int (*cancelled)(const struct warren_host *host);
};

struct warren_plugin {
	size_t size; /* sizeof(struct warren_plugin) */
	/* Once per process, before the first job; may be NULL. Not 0: the plugin cannot work here;
	 * error says why. */
	int (*open)(void **state, char *error, size_t error_size);
	enum warren_verdict (*run)(void *state, const struct warren_job *job,
	                           const struct warren_host *host);
	/* When there are no more jobs; may be NULL. */
	void (*close)(void *state);
};

#define WARREN_PLUGIN_SYMBOL "warren_plugin_v1"
extern const struct warren_plugin warren_plugin_v1;

#ifdef __cplusplus
}
#endif

#endif
