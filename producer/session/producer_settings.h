/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the producer: its schema for the engine, and what only it may be told. */
#pragma once

#include "common/settings/connection_settings.h"
#include "common/settings/queue_settings.h"

#define PRODUCER_PROGRAM "warren-producer"

struct producer_queue_settings {
	struct queue_settings queue;
	/* key files (key_files.h); NULL: none */
	char *sign_with; /* the secret key that signs */
	char *seal_to;   /* the public key that args are sealed to */
};

/* Jobs of these types go to that queue. */
struct route_settings {
	char *type; /* glob */
	char *queue;
};

struct producer_settings {
	struct connection_settings connection;
	char *mgmt_url; /* http://user@host:15672; NULL: none */
	char *default_queue;
	int64_t confirm_timeout_ms;
	int64_t window; /* outstanding confirms of batch */
	struct producer_queue_settings *queues;
	size_t queue_count;
	struct route_settings *routes; /* the first glob that matches a job's type wins */
	size_t route_count;
};

extern const struct settings_schema producer_schema;
