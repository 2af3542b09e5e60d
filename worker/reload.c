/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/reload.h"

#include <string.h>

#include "common/base/log.h"
#include "common/settings/options.h"

/* A queue whose key files are wrong keeps the keys it has. Returns true if none was wrong. */
static bool reload_keys(struct worker *w)
{
	bool all = true;
	for (unsigned i = 0; i < w->queues.count; i++) {
		struct queue *q = &w->queues.all[i];
		struct error err;
		struct admission fresh;
		if (admission_load(&fresh, q->settings, w->settings->connection.prefix, &err) ==
		    0) {
			admission_finish(&q->admission);
			q->admission = fresh;
			continue;
		}
		admission_finish(&fresh);
		all = false;
		log_error(LOG_SELF, "SIGHUP: queue '%s' keeps its old keys: %s",
		          q->settings->queue.name, err.text);
	}
	return all;
}

void reload_all(struct worker *w)
{
	struct error err;
	struct worker_settings fresh;
	if (log_reopen(&err) < 0)
		log_error(LOG_SELF, "%s", err.text);
	bool keys = reload_keys(w);
	if (options_load_settings(w->options, &worker_schema, &fresh, &err) < 0 ||
	    worker_schema.check(&fresh, &err) < 0) {
		log_error(LOG_SELF, "SIGHUP: settings stay as they are: %s", err.text);
		settings_finish(&worker_schema, &fresh);
		return;
	}
	struct worker_settings *s = w->settings;
	s->timeout_ms = fresh.timeout_ms;
	s->grace_ms = fresh.grace_ms;
	s->drain_ms = fresh.drain_ms;
	s->result_max = fresh.result_max;
	s->log_output = fresh.log_output;
	enum log_level level;
	if (log_level_from_name(fresh.connection.log_level, &level))
		log_configure(level,
		              strcmp(s->connection.log_format, "json") == 0 ? LOG_JSON : LOG_TEXT);
	settings_finish(&worker_schema, &fresh);
	log_info(LOG_SELF,
	         "SIGHUP: log opened anew; %stimeout, grace, drain, result_max, log_output and "
	         "log_level read again",
	         keys ? "keys, " : "");
}
