/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's management API (HTTP): the only user of libcurl in the producer. */
#pragma once

#include <jansson.h>

#include "common/base/error.h"
#include "producer/producer_settings.h"

struct mgmt;

/* base: http(s)://user:password@host:15672; user and password default to the settings' and the AMQP
 * URL's. */
struct mgmt *mgmt_open(const struct producer_settings *s, struct error *err);
void mgmt_close(struct mgmt *m);
/*
 * GET base/api/KIND/VHOST (e.g. "queues"), the vhost being that of the first AMQP URL. A new
 * reference, an array; NULL: ERROR_UNAVAILABLE, ERROR_AUTH (401) or ERROR_CONFIG.
 */
json_t *mgmt_list(struct mgmt *m, const char *kind, struct error *err);
