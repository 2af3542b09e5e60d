/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/connect.h"

#include "common/amqp/declare.h"
#include "common/base/memory.h"
#include "common/settings/queue_settings.h"

struct broker_options connect_options(const struct connection_settings *c)
{
	return (struct broker_options){
	    .urls = (const char *const *)c->urls,
	    .url_count = c->url_count,
	    .user = c->user,
	    .password = c->password,
	    .name = c->name,
	    .heartbeat_s = (int)(c->heartbeat_ms / 1000),
	    .connect_timeout_ms = (int)c->connect_timeout_ms,
	    .tls_ca = c->tls_ca,
	    .tls_cert = c->tls_cert,
	    .tls_key = c->tls_key,
	    .sasl_external = c->sasl_external,
	};
}

struct broker *connect_broker(const struct connection_settings *c, struct error *err)
{
	struct broker_options options = connect_options(c);
	options.write_timeout_ms = 2 * (int)c->heartbeat_ms; /* as link_watch does for a link */
	for (unsigned i = 0; i < c->url_count; i++) {
		struct broker *b = broker_connect(&options, i, err);
		if (b)
			return b;
	}
	return NULL;
}

int connect_setup(const struct settings_schema *schema, const void *settings, struct error *err)
{
	const void *at = (const char *)settings + schema->connection;
	const struct connection_settings *c = at;
	size_t count = queues_count(schema, settings);
	struct topology t;
	cleanup_free const char **names = xcalloc(count, sizeof *names);
	for (size_t i = 0; i < count; i++)
		names[i] = queues_at(schema, settings, i)->name;
	if (topology_make(&t, c->prefix, names, count, err) < 0)
		return -1;
	struct broker *b = connect_broker(c, err);
	int rc = b ? declare_topology(b, &t, NULL, NULL, err) : -1;
	broker_destroy(b, true);
	topology_finish(&t);
	return rc < 0 ? error_wrap(err, "setup") : 0;
}
