/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handler as a C plugin: a shared object with one symbol, WARREN_PLUGIN_SYMBOL, of type struct
 * warren_plugin. A process of its own below warren-worker loads it, so a fault in it crashes only
 * the job that it is running.
 *
 *     #include <string.h>
 *     #include <warren/plugin.h>
 *
 *     static enum warren_verdict run(void *state, const struct warren_job *job,
 *                                    const struct warren_host *host)
 *     {
 *         host->result(host, job->args, job->args_len);
 *         return WARREN_OK;
 *     }
 *     const struct warren_plugin warren_plugin_v1 = {.size = sizeof warren_plugin_v1, .run = run};
 *
 *     cc -shared -fPIC -o echo.so echo.c $(pkg-config --cflags warren)
 *     warren-worker run -q echo --handler '*=plugin:./echo.so'
 *
 * Each process runs one job at a time, on its main thread. The worker logs what the plugin writes
 * to stdout and stderr. Later versions may add members at the end of a struct, and size tells how
 * much of it is there.
 */
#ifndef WARREN_PLUGIN_H
#define WARREN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How an attempt to run a job ended. run() returns it. */
enum warren_verdict {
	/* The job is done. */
	WARREN_OK = 0,
	/*
	 * Counts as a failure. The job is tried again after the queue's backoff or host->after_ms.
	 */
	WARREN_RETRY = 1,
	/* The job is tried again, which does not count as a failure. */
	WARREN_SNOOZE = 2,
	/* No retry will help, so the job becomes a dead letter. */
	WARREN_DEAD = 3,
};

/* A job. The plugin borrows all of it until run() returns. Texts are UTF-8 and end in NUL. */
struct warren_job {
	size_t size;
	const char *id, *type, *queue;
	unsigned attempt, max_attempts;
	/* RFC 3339, UTC. The job is cancelled then, and killed a grace time later. */
	const char *deadline;
	const char *args; /* JSON, byte for byte as it was published; also ends in NUL */
	size_t args_len;
	const char *document; /* the whole job document; NULL in a raw queue */
	size_t document_len;
};

/* The calls that a plugin may make from within run(), from the thread that run() was called on. */
struct warren_host {
	size_t size;
	void *context;
	/*
	 * Sets the job's result, which is len bytes of JSON and is copied. The last call counts.
	 * Text that is not JSON becomes a JSON string.
	 */
	void (*result)(const struct warren_host *host, const char *json, size_t len);
	/* Says why the job failed, for people. The text is copied. */
	void (*error)(const struct warren_host *host, const char *text);
	/*
	 * Sets how many milliseconds to wait before the next try, for WARREN_RETRY and
	 * WARREN_SNOOZE.
	 */
	void (*after_ms)(const struct warren_host *host, int64_t ms);
	/*
	 * Reports the progress. percent is 0 to 100, or -1 if unknown. note is copied and may be
	 * NULL.
	 */
	void (*progress)(const struct warren_host *host, int percent, const char *note);
	/*
	 * Returns not 0 if the deadline has passed or the worker ends. run() should return soon
	 * then. The call is cheap enough for an inner loop.
	 */
	int (*cancelled)(const struct warren_host *host);
};

/* The plugin itself, exported as WARREN_PLUGIN_SYMBOL. */
struct warren_plugin {
	size_t size; /* sizeof(struct warren_plugin) */
	/*
	 * Is called once per process, before the first job. May be NULL. *state is handed to run
	 * and close. Returns 0, or something else if the plugin cannot work here, and then writes
	 * the reason into error, which holds error_size bytes.
	 */
	int (*open)(void **state, char *error, size_t error_size);
	/* Runs one job and returns how it ended. */
	enum warren_verdict (*run)(void *state, const struct warren_job *job,
	                           const struct warren_host *host);
	/* Is called when there are no more jobs. May be NULL. */
	void (*close)(void *state);
};

#define WARREN_PLUGIN_SYMBOL "warren_plugin_v1"
extern const struct warren_plugin warren_plugin_v1;

#ifdef __cplusplus
}
#endif

#endif
