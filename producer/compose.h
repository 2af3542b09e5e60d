/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a command line to a job, from a job's document to the message that carries it, and where it
 * goes. Time and ids come in as arguments where they matter; touches no broker.
 */
#pragma once

#include "common/base/error.h"
#include "common/client/protect.h"
#include "common/job/job.h"
#include "common/job/message.h"
#include "common/settings/options.h"
#include "producer/producer_settings.h"
#include "common/job/topology.h"

/* --id --delay --at --expires --timeout --retries --backoff -H: for the option tables of send and
 * batch. */
#define COMPOSE_OPTIONS                                                                            \
	{"queue", 'q', "QUEUE",                                                                    \
	 "the queue (default: the routes of the config, else its default_queue)"},                 \
	    {"delay", 0, "TIME", "not before this time from now: 90s, 10m, 2h; at most 388 days"}, \
	    {"at", 0, "TIME", "not before this point in time: 2026-12-24T18:00:00Z, or +10m"},     \
	    {"expires", 0, "TIME",                                                                 \
	     "dead without running when it has not started by then: 1h, or a point in time"},      \
	    {"timeout", 0, "TIME", "the handler is stopped after this time"},                      \
	    {"retries", 0, "N", "tries in all before it is dead"},                                 \
	    {"backoff", 0, "FORM",                                                                 \
	     "time between tries: exp:1s..1h, linear:5s..10m, fixed:30s; ~0.2 behind for the "     \
	     "jitter"},                                                                            \
	    {"header", 'H', "NAME=VALUE", "a header of the job; repeat for more"},                 \
	    {"confirm-timeout", 0, "TIME",                                                         \
	     "how long to wait for the broker's confirm (default 30s)",                            \
	     .setting = "confirm_timeout"},                                                        \
	{                                                                                          \
		"setup", 0, NULL, "declare what is missing first (needs the permission to)"        \
	}

/* --sign-with --seal-to: for the option tables of send and batch. */
#define PROTECT_OPTIONS                                                                            \
	{"sign-with", 0, "FILE",                                                                   \
	 "sign with the secret key in FILE (default: sign_with of the queue)"},                    \
	{                                                                                          \
		"seal-to", 0, "FILE",                                                              \
		    "seal the args to the public key in FILE (default: seal_to of the queue)"      \
	}

/* Returns the keys of --sign-with and --seal-to, and of each queue's settings where an option is
 * missing. Borrows from both. */
struct protect *compose_protect(const struct producer_settings *s, const struct options *o);

/* The options as a job without id, type and args. *j is to be finished by the caller also after -1
 * (ERROR_USAGE). */
int compose_template(const struct options *o, int64_t now_ms, struct job *j, struct error *err);
/* A deep copy of template with these three. */
void compose_job(const struct job *template, const char *id, const char *type, struct span args,
                 int64_t now_ms, struct job *out);

/* The queue for a type: forced (may be NULL), else the first route that matches, else the default.
 */
const char *compose_queue(const struct producer_settings *s, const char *forced, const char *type);

struct envelope {
	char exchange[TOPOLOGY_NAME_MAX];
	char key[TOPOLOGY_NAME_MAX];
	struct message *message; /* owned until taken */
};
/* The message of a document (copied) and where it enters: P.jobs, or the ring when not_before lies
 * ahead. */
struct envelope compose_envelope(const struct producer_settings *s, const char *queue,
                                 const struct job *j, struct span document, int64_t now_ms);
/* The message of a complete pack (common/job/pack.h), whose body is taken. */
struct envelope compose_pack(const struct producer_settings *s, const char *queue, struct buf *body,
                             int64_t now_ms);
