/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the worker: its schema for the engine, and what only it may be told. */
#pragma once

#include "common/settings/connection_settings.h"
#include "common/settings/queue_settings.h"
#include "worker/settings/handler_settings.h"

#define WORKER_PROGRAM "warren-worker"

struct worker_queue_settings {
	struct queue_settings queue;
	/* key files (key_files.h); NULL: none */
	char *signed_by;                     /* public keys; a job must be signed by one of them */
	char *open_with;                     /* secret keys; args must be sealed to one of them */
	bool require_signed, require_sealed; /* false while producers change over */
};

struct worker_settings {
	struct connection_settings connection;
	int64_t slots;                      /* jobs at once; default: number of processors */
	int64_t timeout_ms;                 /* of a job */
	int64_t grace_ms;                   /* between SIGTERM and SIGKILL for a handler */
	int64_t drain_ms;                   /* for running jobs to end after SIGTERM */
	int64_t broker_consumer_timeout_ms; /* the broker's own consumer_timeout */
	int64_t result_max;                 /* bytes of stdout kept */
	bool log_output;                    /* handlers' stderr goes to the log */
	struct worker_queue_settings *queues;
	size_t queue_count;
	struct handler_settings *handlers; /* the first glob that matches a job's type wins */
	size_t handler_count;
	size_t command_line_handlers; /* how many of them, at the front, are the command line's */
};

extern const struct settings_schema worker_schema;

/*
 * Adds the handler of --handler 'GLOB=exec:CMD ARG'. It goes before those of the file, and behind
 * those that were added before. Returns -1 with ERROR_USAGE.
 */
int worker_add_handler(struct worker_settings *s, const char *spec, struct error *err);
/*
 * Sets the KEY=VALUE of --with in the handler that worker_add_handler added last. Returns -1 with
 * ERROR_USAGE.
 */
int worker_set_handler(struct worker_settings *s, const char *spec, struct error *err);
