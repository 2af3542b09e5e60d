/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How full the queues are: over AMQP what a passive declare tells (ready, consumers), from the
 * management API the rest.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/broker.h"
#include "common/job/delay.h"
#include "producer/producer_settings.h"

struct depth {
	char *name; /* as the user knows it */
	bool configured;
	bool exists;
	int64_t ready, consumers, dead;
	int64_t unacked, bytes;     /* -1: only the API knows */
	double in_per_s, out_per_s; /* published and acknowledged; -1: only the API knows */
};

struct depths {
	struct depth *queues;
	size_t count;
	int64_t levels[DELAY_LEVELS];
	int64_t delayed; /* the sum of levels */
	int64_t unroutable;
	bool from_api;
};

/*
 * The queues of the settings, the ring and P.unroutable. api: the management API's list of queues,
 * or NULL; with it and all, the prefix's other job queues are added. Queues that do not exist are
 * no error.
 */
int depths_read(struct depths *d, struct broker *b, const struct producer_settings *s, json_t *api,
                bool all, struct error *err);
void depths_finish(struct depths *d);
