/* SPDX-License-Identifier: Apache-2.0 */
/* The settings that every program has: its connection to the broker, its log and its limits. */
#pragma once

#include "common/settings/settings_key.h"

struct connection_settings {
	char **urls; /* brokers, tried in turn */
	size_t url_count;
	char *user;          /* NULL: the URL's */
	char *password;      /* never printed */
	char *password_file; /* NULL: none */
	char *prefix;        /* first part of all exchange and queue names */
	int64_t heartbeat_ms;
	int64_t connect_timeout_ms;
	char *tls_ca, *tls_cert, *tls_key;
	bool sasl_external;
	char *log_level, *log_format, *log_file;
	int64_t max_body; /* bytes */
	char *name; /* how the broker shows the connection; a key only where a program says so */
};

/* The keys urls to sasl_external of struct connection_settings. */
extern const struct settings_key connection_keys[];
/* The keys log_level to max_body of struct connection_settings. */
extern const struct settings_key general_keys[];
enum { CONNECTION_KEYS = 11, GENERAL_KEYS = 4 };

/* The two parts of a program's top level that struct connection_settings at the offset at holds. */
#define CONNECTION_PART(at)                                                                        \
	{                                                                                          \
		connection_keys, CONNECTION_KEYS, at                                               \
	}
#define GENERAL_PART(at)                                                                           \
	{                                                                                          \
		general_keys, GENERAL_KEYS, at                                                     \
	}

/* Names the connection "HOST:PID" with before in front. */
void connection_settings_name(struct connection_settings *c, const char *before);
/*
 * Checks that there is a URL, and reads the password file. Returns -1 with ERROR_CONFIG, also when
 * others may read that file.
 */
int connection_settings_check(struct connection_settings *c, struct error *err);
/* Sets up the log as the settings say. Returns -1 with err if the log file cannot be opened. */
int connection_settings_log(const struct connection_settings *c, struct error *err);
