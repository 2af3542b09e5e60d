/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The effective settings of either program: one table of keys (name, type, default, range, help,
 * which program, may it be re-read) that parses the file, the environment and the command line,
 * prints --show-config, and against which config/ *.cfg are tested. The only user of libconfig.
 *
 * Later wins: built-in default, file, environment (AMQP_URL, WARREN_<KEY>), command line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/error.h"
#include "common/job/retry.h"

enum settings_program { SETTINGS_PRODUCER = 1, SETTINGS_WORKER = 2 };

enum { SETTINGS_UNSET = -1 }; /* of a number without a default: somebody else's value holds */

struct settings_queue {
	char *name;
	unsigned weight; /* share of the worker's slots, >= 1 */
	bool raw;        /* codec = "raw": any body is a job's args */
	char *type;      /* raw: the type when the message names none; NULL: the queue's name */
	struct retry_policy retry;
	/* key files (key_files.h); NULL: none */
	char *sign_with; /* producer: the secret key that signs */
	char *seal_to;   /* producer: the public key that args are sealed to */
	char *signed_by; /* worker: public keys; a job must be signed by one of them */
	char *open_with; /* worker: secret keys; args must be sealed to one of them */
	bool require_signed, require_sealed; /* worker: false while producers change over */
};

struct settings_exit {
	int code;
	const char *verdict; /* "ok", "retry", "dead"; a literal */
};

struct settings_handler {
	char *type;          /* glob */
	char *run;           /* "exec:CMD ARG..." split by POSIX quoting, never expanded */
	int64_t timeout_ms;  /* SETTINGS_UNSET: the worker's */
	int64_t grace_ms;    /* SETTINGS_UNSET: the worker's */
	int64_t concurrency; /* jobs at once in this handler; SETTINGS_UNSET: as many as there are
	                        slots */

	/* process, plugin */
	int64_t children;       /* SETTINGS_UNSET: as many as may be of use */
	bool stdio;             /* the protocol on stdin and stdout */
	int64_t recycle_jobs;   /* a new process after so many; 0: never */
	int64_t recycle_memory; /* bytes above which a new process takes over; 0: never */

	/* limits of its processes; SETTINGS_UNSET or NULL: as they are */
	int64_t memory, cpu_ms, files, processes, file_size;
	char *user, *group, *folder, *umask;
	bool private_tmp, no_new_privileges, no_network;
	char *environment; /* names of variables that it gets, and no others */
	struct settings_exit *exits;
	size_t exit_count;
};

struct settings_route {
	char *type; /* glob */
	char *queue;
};

struct settings {
	/* both */
	char **urls;
	size_t url_count;
	char *user;     /* NULL: the URL's */
	char *password; /* never printed */
	char *password_file;
	char *prefix;               /* default warren.v1 */
	int64_t heartbeat_ms;       /* default 30 s */
	int64_t connect_timeout_ms; /* default 5 s */
	char *tls_ca, *tls_cert, *tls_key;
	bool sasl_external;
	char *mgmt_url; /* http://user@host:15672; NULL: none */
	char *log_level, *log_format, *log_file;
	int64_t max_body; /* bytes; default 1 MiB */
	struct settings_queue *queues;
	size_t queue_count;
	/* producer */
	char *default_queue; /* "default" */
	struct settings_route *routes;
	size_t route_count;
	int64_t confirm_timeout_ms; /* default 30 s */
	int64_t window;             /* outstanding confirms of batch; default 1000 */
	char *
	    name; /* how the broker shows the connection; of a worker a setting, default host:pid */
	/* worker */
	int64_t slots;                      /* default: number of processors */
	int64_t timeout_ms;                 /* default 5 min */
	int64_t grace_ms;                   /* TERM to KILL; default 10 s */
	int64_t drain_ms;                   /* default 30 s */
	int64_t broker_consumer_timeout_ms; /* default 30 min, the broker's own default */
	int64_t result_max;                 /* bytes of stdout kept; default 64 KiB */
	bool log_output;                    /* handlers' stderr goes to the log; default true */
	struct settings_handler *handlers;
	size_t handler_count; /* in order: the first glob that matches */
	size_t
	    command_line_handlers; /* how many of them, at the front, came from the command line */
};

/* Built-in defaults for the program, then the environment and a file are applied by settings_load.
 */
void settings_init(struct settings *s, enum settings_program program);
void settings_finish(struct settings *s);

/*
 * Reads file (NULL: $WARREN_CONFIG, else $XDG_CONFIG_HOME/warren/<program>.cfg, else
 * /etc/warren/<program>.cfg, absent is fine), then the environment. A wrong key, type or range:
 * ERROR_CONFIG naming file, line and the nearest right key. A file that was named and cannot be
 * read: ERROR_NOINPUT.
 */
int settings_load(struct settings *s, enum settings_program program, const char *file,
                  struct error *err);

/* Sets one key by the name of its option ("log-level" is the file's log_level; "url" is urls).
 * ERROR_USAGE. */
int settings_set(struct settings *s, enum settings_program program, const char *option,
                 const char *value, struct error *err);

/* -q NAME[:WEIGHT] of the command line: the first call replaces the file's queues but keeps the
 * options of a queue of the same name. */
int settings_use_queue(struct settings *s, const char *spec, bool first, struct error *err);
/* --sign-with FILE and the like: the key (its name with - or _) of every queue there is.
 * ERROR_USAGE. */
int settings_of_queues(struct settings *s, enum settings_program program, const char *option,
                       const char *value, struct error *err);
/* --handler 'GLOB=exec:CMD ARG': goes in front of the file's handlers, in the order given. */
int settings_add_handler(struct settings *s, const char *spec, struct error *err);
/* --with KEY=VALUE: a setting of the handler that settings_add_handler added last. ERROR_USAGE. */
int settings_with(struct settings *s, const char *spec, struct error *err);

/* Ranges that span keys, names that must be valid, the password file read (its mode must not let
 * others read it). */
int settings_check(struct settings *s, enum settings_program program, struct error *err);

/* --show-config: the effective settings as a config file; URLs without user and password; passwords
 * as "(set)". */
void settings_show(const struct settings *s, enum settings_program program, FILE *out);
