/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads how many messages the queues hold. A passive declare over AMQP tells ready messages and
 * consumers. The management API tells the rest.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/broker.h"
#include "common/job/delay.h"

struct depth {
	char *name; /* as the user knows it */
	bool configured;
	bool exists;
	int64_t ready, consumers, dead;
	int64_t unacked, bytes;     /* -1 without the API */
	double in_per_s, out_per_s; /* published and acknowledged; -1 without the API */
};

struct depths {
	struct depth *queues;
	size_t count;
	int64_t levels[DELAY_LEVELS];
	int64_t delayed; /* the sum of levels */
	int64_t unroutable;
	bool from_api;
};

/* Says what depths_read shall read. Everything is borrowed. */
struct depths_query {
	const char *prefix;
	const char *const *queues; /* names as the user knows them */
	size_t queue_count;
	json_t *api; /* the management API's list of queues (mgmt_list), or NULL */
	bool all;    /* adds the prefix's other job queues that api lists */
};

/*
 * Reads the depth of each queue, of the delay levels and of P.unroutable. A queue that does not
 * exist is no error. Returns -1 if the connection is lost. depths_finish is needed after 0 only.
 */
int depths_read(struct depths *d, struct broker *b, const struct depths_query *q,
                struct error *err);
/* Frees what depths_read made. */
void depths_finish(struct depths *d);
