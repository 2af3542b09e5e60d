/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/waiter.h"

#include <stdlib.h>

#include "common/amqp/broker.h"
#include "common/base/clock.h"
#include "common/settings/connect.h"
#include "common/job/job.h"
#include "common/base/memory.h"
#include "common/job/topology.h"

enum { CHANNEL = 1, PREFETCH = 100 };

struct waiter {
	struct broker *broker;
	char queue[TOPOLOGY_NAME_MAX];
};

static int bind_queue(struct waiter *w, const char *prefix, struct error *err)
{
	char exchange[TOPOLOGY_NAME_MAX];
	struct topology_item binding = {.kind = TOPOLOGY_BIND_QUEUE,
	                                .name = w->queue,
	                                .source = topology_replies(prefix, exchange),
	                                .routing_key = w->queue};
	return broker_declare(w->broker, CHANNEL, &binding, err);
}

struct waiter *waiter_open(const struct connection_settings *c, struct error *err)
{
	struct waiter *w = xcalloc(1, sizeof *w);
	char id[JOB_UUID_SIZE];
	topology_reply(c->prefix, job_make_uuid7(clock_now_ms(), id), w->queue);
	w->broker = connect_broker(c, err);
	if (w->broker && broker_open_channel(w->broker, CHANNEL, false, err) == 0 &&
	    broker_declare_exclusive(w->broker, CHANNEL, w->queue, err) == 0 &&
	    bind_queue(w, c->prefix, err) == 0 &&
	    broker_consume(w->broker, CHANNEL, w->queue, "waiter", PREFETCH, err) == 0)
		return w;
	error_wrap(err, "waiting for the result");
	waiter_close(w);
	return NULL;
}

void waiter_close(struct waiter *w)
{
	if (!w)
		return;
	broker_destroy(w->broker, true);
	free(w);
}

const char *waiter_reply_to(const struct waiter *w)
{
	return w->queue;
}

int waiter_fd(const struct waiter *w)
{
	return broker_fd(w->broker);
}

static int lost(struct error *err, const char *text)
{
	return error_set(err, ERROR_TRYAGAIN,
	                 "the connection was lost while waiting (%.300s): the job goes on", text);
}

int waiter_next(struct waiter *w, int wait_ms, json_t **answer, struct error *err)
{
	struct broker_event e;
	struct error cause = {0};
	*answer = NULL;
	if (broker_read(w->broker, wait_ms, &e, &cause) < 0)
		return lost(err, cause.text);
	if (e.kind == BROKER_CHANNEL_CLOSED || e.kind == BROKER_CONSUMER_GONE)
		return lost(err, e.text);
	if (e.kind != BROKER_DELIVERY)
		return 0;
	*answer = json_loadb(e.message->body, e.message->body_len, JSON_ALLOW_NUL, NULL);
	if (*answer && e.message->correlation_id)
		json_object_set_new(*answer, "correlation_id",
		                    json_string(e.message->correlation_id));
	message_destroy(e.message);
	if (broker_ack(w->broker, CHANNEL, e.tag, false, &cause) < 0) {
		json_decref(steal_ptr(*answer));
		return lost(err, cause.text);
	}
	return 0;
}
