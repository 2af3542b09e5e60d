/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the options that describe a job: its fields, its queue and its keys. Touches no broker. */
#pragma once

#include "common/base/error.h"
#include "common/client/protect.h"
#include "common/job/job.h"
#include "common/settings/options.h"
#include "producer/session/producer_settings.h"

/* Rows for the option tables of send and batch: the queue, the fields of a job, --setup. */
#define JOB_OPTIONS                                                                                \
	{"queue", 'q', "QUEUE",                                                                    \
	 "the queue (default: the routes of the config, else its default_queue)"},                 \
	    {"delay", 0, "TIME",                                                                   \
	     "do not start it before this much time has passed: 90s, 10m, 2h; at most 388 days"},  \
	    {"at", 0, "TIME",                                                                      \
	     "do not start it before this point in time: 2026-12-24T18:00:00Z, or +10m"},          \
	    {"expires", 0, "TIME",                                                                 \
	     "it is dead if it has not started within this time (1h), or by this point in time"},  \
	    {"timeout", 0, "TIME", "stop the handler after this time"},                            \
	    {"retries", 0, "N",                                                                    \
	     "dead after so many failures (crashes and timeouts have limits of their own)"},       \
	    {"backoff", 0, "FORM",                                                                 \
	     "time between tries: exp:1s..1h, linear:5s..10m, fixed:30s; ~0.2 behind for the "     \
	     "jitter"},                                                                            \
	    {"header", 'H', "NAME=VALUE", "add a header to the job; repeat for more"},             \
	    {"confirm-timeout", 0, "TIME",                                                         \
	     "how long to wait for the broker's confirm (default 30s)",                            \
	     .setting = "confirm_timeout"},                                                        \
	{                                                                                          \
		"setup", 0, NULL, "declare what is missing first (needs the permission to)"        \
	}

/* Rows for the option tables of send and batch: --sign-with and --seal-to. */
#define PROTECT_OPTIONS                                                                            \
	{"sign-with", 0, "FILE",                                                                   \
	 "sign with the secret key in FILE (default: sign_with of the queue)"},                    \
	{                                                                                          \
		"seal-to", 0, "FILE",                                                              \
		    "seal the args to the public key in FILE (default: seal_to of the queue)"      \
	}

/*
 * Reads the options into *j, a job without id, type and args. Times from now count from now_ms.
 * Returns -1 with ERROR_USAGE if a value is wrong. The caller calls job_finish in both cases.
 */
int job_options_read(const struct options *o, int64_t now_ms, struct job *j, struct error *err);
/* Fills *out with a deep copy of template, the id, the type and the args. It is created now. */
void job_options_apply(const struct job *template, const char *id, const char *type,
                       struct span args, int64_t now_ms, struct job *out);

/*
 * Returns the queue for jobs of a type: forced if it is not NULL, else that of the first route that
 * matches, else the default queue. Borrowed from forced or s.
 */
const char *job_options_queue(const struct producer_settings *s, const char *forced,
                              const char *type);

/*
 * Returns what signs and seals jobs: the keys of --sign-with and --seal-to, else those of each
 * queue's settings. Borrows from s and o until protect_destroy.
 */
struct protect *job_options_protect(const struct producer_settings *s, const struct options *o);
