/* SPDX-License-Identifier: Apache-2.0 */
/* From settings to a broker: the options of a connection, a plain connection, the topology of the
 * settings. */
#pragma once

#include "common/amqp/broker.h"
#include "common/settings/settings.h"

/* Borrows from s; valid as long as s is unchanged. */
struct broker_options connect_options(const struct settings *s);
/* A plain sequential connection to the first URL that answers; NULL: err names the last failure. */
struct broker *connect_broker(const struct settings *s, struct error *err);
/* Connects, declares everything for the queues of the settings, disconnects. For --setup. */
int connect_setup(const struct settings *s, struct error *err);
