/* SPDX-License-Identifier: Apache-2.0 */
/* From settings to a broker: the options of a connection, and a plain connection. */
#pragma once

#include "common/amqp/broker.h"
#include "common/settings/connection_settings.h"
#include "common/settings/settings.h"

/* Returns the options of a connection. They borrow from c, which must stay unchanged. */
struct broker_options connect_options(const struct connection_settings *c);
/*
 * Connects to the first URL that answers. The connection has no thread and no loop. Returns NULL
 * with the error of the last URL.
 */
struct broker *connect_broker(const struct connection_settings *c, struct error *err);
/*
 * Connects, declares everything for the queues of the settings, and disconnects, for --setup. The
 * schema must have the list "queues".
 */
int connect_setup(const struct settings_schema *schema, const void *settings, struct error *err);
