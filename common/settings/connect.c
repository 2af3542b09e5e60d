/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/connect.h"

#include "common/amqp/declare.h"
#include "common/base/memory.h"

struct broker_options connect_options(const struct settings *s)
{
	return (struct broker_options){
	    .urls = (const char *const *)s->urls,
	    .url_count = s->url_count,
	    .user = s->user,
	    .password = s->password,
	    .name = s->name,
	    .heartbeat_s = (int)(s->heartbeat_ms / 1000),
	    .connect_timeout_ms = (int)s->connect_timeout_ms,
	    .tls_ca = s->tls_ca,
	    .tls_cert = s->tls_cert,
	    .tls_key = s->tls_key,
	    .sasl_external = s->sasl_external,
	};
}

struct broker *connect_broker(const struct settings *s, struct error *err)
{
	struct broker_options options = connect_options(s);
	options.write_timeout_ms = 2 * (int)s->heartbeat_ms; /* as link_watch does for a link */
	for (unsigned i = 0; i < s->url_count; i++) {
		struct broker *b = broker_connect(&options, i, err);
		if (b)
			return b;
	}
	return NULL;
}

int connect_setup(const struct settings *s, struct error *err)
{
	struct topology t;
	cleanup_free const char **names = xcalloc(s->queue_count, sizeof *names);
	for (size_t i = 0; i < s->queue_count; i++)
		names[i] = s->queues[i].name;
	if (topology_make(&t, s->prefix, names, s->queue_count, err) < 0)
		return -1;
	struct broker *b = connect_broker(s, err);
	int rc = b ? declare_topology(b, &t, NULL, NULL, err) : -1;
	broker_destroy(b, true);
	topology_finish(&t);
	return rc < 0 ? error_wrap(err, "setup") : 0;
}
