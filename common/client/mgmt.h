/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the broker's management API over HTTP. */
#pragma once

#include <jansson.h>

#include "common/base/error.h"
#include "common/settings/connection_settings.h"

struct mgmt;

/*
 * Prepares requests to url, "http(s)://[user:password@]host:15672". User and password default to
 * those of the settings, then to those of the first AMQP URL. The vhost is that of the first AMQP
 * URL. Nothing is sent yet. Returns NULL with ERROR_USAGE if url has another form, and with
 * ERROR_CONFIG if libcurl is missing.
 */
struct mgmt *mgmt_open(const struct connection_settings *c, const char *url, struct error *err);
/* Frees m. Does nothing for NULL. */
void mgmt_close(struct mgmt *m);
/*
 * Sends GET /api/KIND/VHOST, for example with the kind "queues", and waits up to 20 s. Returns an
 * array, a new reference. Returns NULL with ERROR_AUTH if access or the certificate is refused,
 * ERROR_CONFIG if a TLS file cannot be used, ERROR_UNAVAILABLE otherwise.
 */
json_t *mgmt_list(struct mgmt *m, const char *kind, struct error *err);
