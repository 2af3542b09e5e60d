/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/describe.h"

#include <inttypes.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/guardian/confine.h"

static void describe_keys(const struct queue *q)
{
	const struct admission *a = &q->admission;
	const char *name = q->settings->queue.name;
	if (a->signers.count > 0)
		log_info(LOG_SELF, "queue '%s': signatures of %zu keys are good; %s", name,
		         a->signers.count,
		         a->require_signed ? "unsigned jobs are refused"
		                           : "jobs without a signature run too (require_signed)");
	if (a->openers.count > 0)
		log_info(LOG_SELF, "queue '%s': %zu keys open sealed args; %s", name,
		         a->openers.count,
		         a->require_sealed ? "jobs that are not sealed are refused"
		                           : "jobs that are not sealed run too (require_sealed)");
}

void describe_start(const struct worker *w)
{
	const struct worker_settings *s = w->settings;
	for (unsigned i = 0; i < w->queues.count; i++) {
		const struct queue_settings *q = &w->queues.all[i].settings->queue;
		char base[CLOCK_TEXT_SIZE], max[CLOCK_TEXT_SIZE];
		describe_keys(&w->queues.all[i]);
		log_info(LOG_SELF,
		         "consumes queue '%s'%s, up to %u of %u jobs at once; a failed job is "
		         "tried %u times (%s "
		         "backoff %s to %s; %u crashes, "
		         "%u timeouts), then it goes to %s.dead",
		         q->name, q->raw ? " (raw bodies)" : "", w->queues.all[i].prefetch,
		         w->slots, q->retry.max_attempts, backoff_name(q->retry.kind),
		         clock_format_duration(q->retry.base_ms, base),
		         clock_format_duration(q->retry.max_ms, max), q->retry.max_crashes,
		         q->retry.max_timeouts, w->queues.all[i].amqp_name);
	}
	for (size_t i = 0; i < s->handler_count; i++) {
		char limits[512];
		confine_describe(&s->handlers[i], limits, sizeof limits);
		log_info(LOG_SELF, "type '%s' is run by %s%s%s", s->handlers[i].type,
		         s->handlers[i].run, *limits ? "; limits: " : "", limits);
	}
}

void describe_end(const struct worker *w)
{
	const struct totals *s = &w->totals;
	log_info(LOG_SELF,
	         "ended: %" PRIu64 " jobs taken, %" PRIu64 " ok, %" PRIu64 " put off, %" PRIu64
	         " dead, %" PRIu64 " given back, %" PRIu64 " left to the broker, %" PRIu64
	         " redelivered but not run again",
	         s->taken, s->ok, s->ring, s->dead, s->given_back, s->forgotten, s->adopted);
}
