/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/submit.h"

#include <stdlib.h>

#include "common/amqp/link.h"
#include "common/base/memory.h"
#include "common/client/targets.h"
#include "common/settings/connect.h"

struct submit {
	struct link *link;
	char *queue; /* NULL if none must exist */
	submit_told_fn *told;
	void *data;
	struct list
	    owners; /* submit_owner::link. The address of an owner is the token of its publish. */
	size_t count;
};

struct submit *submit_open(const struct submit_options *o, struct error *err)
{
	char name[TOPOLOGY_NAME_MAX];
	const char *queues[] = {o->queue ? topology_queue(o->connection->prefix, o->queue, name)
	                                 : NULL};
	struct broker_options broker = connect_options(o->connection);
	const struct link_options link = {.broker = &broker,
	                                  .role = o->role,
	                                  .require_queues = queues,
	                                  .require_queue_count = o->queue ? 1 : 0,
	                                  .give_up = o->give_up};
	struct link *l = link_create(&link, err);
	if (!l)
		return NULL;
	struct submit *s = xcalloc(1, sizeof *s);
	*s = (struct submit){
	    .link = l, .queue = xstrdup(o->queue), .told = o->told, .data = o->data};
	list_init(&s->owners);
	return s;
}

static void end(struct submit *s, struct submit_owner *owner, enum outcome o,
                const struct error *err)
{
	list_remove(&owner->link);
	s->count--;
	owner->ended(owner, o, err);
}

void submit_close(struct submit *s, int64_t wait_ms)
{
	struct error err = {0};
	if (!s)
		return;
	link_destroy(s->link, wait_ms);
	outcome_error(OUTCOME_ABANDONED, NULL, &err);
	while (!list_empty(&s->owners))
		end(s, list_item(s->owners.next, struct submit_owner, link), OUTCOME_ABANDONED,
		    &err);
	free(s->queue);
	free(s);
}

void submit_publish(struct submit *s, struct outbound *out, struct submit_owner *owner,
                    int64_t timeout_ms)
{
	list_append(&s->owners, &owner->link);
	s->count++;
	link_publish(s->link, (uint64_t)(uintptr_t)owner, out->exchange, out->key,
	             steal_ptr(out->message), timeout_ms);
}

void submit_flush(struct submit *s)
{
	link_flush(s->link);
}

size_t submit_count(const struct submit *s)
{
	return s->count;
}

int submit_fd(const struct submit *s)
{
	return link_fd(s->link);
}

/* ---- what the link tells ---- */

static struct submit_owner *owner_of(const struct link_event *e)
{
	return (struct submit_owner *)(uintptr_t)e->token;
}

static void end_badly(struct submit *s, const struct link_event *e, enum outcome o)
{
	struct error err = {0};
	outcome_error(o, e->error ? e->error->text : NULL, &err);
	end(s, owner_of(e), o, &err);
}

static void tell_lost(struct submit *s, enum submit_change change, const struct error *cause)
{
	struct error why = {0};
	if (cause)
		why = *cause;
	else
		error_set(&why, ERROR_UNAVAILABLE, "connection lost");
	if (s->queue && why.cause == CAUSE_NO_QUEUE)
		targets_missing(s->queue, &why);
	s->told(s->data, change, &why);
}

static void tell_blocked(struct submit *s, const char *reason)
{
	struct error why = {0};
	error_set(&why, ERROR_TRYAGAIN, "%s", reason && *reason ? reason : "resource alarm");
	s->told(s->data, SUBMIT_BLOCKED, &why);
}

static void on_event(struct submit *s, const struct link_event *e)
{
	switch (e->kind) {
	case LINK_CONFIRMED:
		end(s, owner_of(e), OUTCOME_CONFIRMED, NULL);
		break;
	case LINK_RETURNED:
		end_badly(s, e, OUTCOME_RETURNED);
		break;
	case LINK_NACKED:
		end_badly(s, e, OUTCOME_NACKED);
		break;
	case LINK_TIMEDOUT:
		end_badly(s, e, OUTCOME_TIMED_OUT);
		break;
	case LINK_UNFIT:
		end_badly(s, e, OUTCOME_REJECTED);
		break;
	case LINK_UP:
		s->told(s->data, SUBMIT_UP, NULL);
		break;
	case LINK_DOWN:
		tell_lost(s, SUBMIT_DOWN, e->error);
		break;
	case LINK_FAILED:
		tell_lost(s, SUBMIT_FAILED, e->error);
		break;
	case LINK_BLOCKED:
		tell_blocked(s, e->text);
		break;
	case LINK_UNBLOCKED:
		s->told(s->data, SUBMIT_UNBLOCKED, NULL);
		break;
	default: /* nothing else can come, for nothing is consumed or queried */
		break;
	}
}

void submit_handle(struct submit *s)
{
	struct list events;
	list_init(&events);
	link_watch(s->link);
	link_take(s->link, &events);
	while (!list_empty(&events)) {
		struct link_event *e = list_item(events.next, struct link_event, link);
		list_remove(&e->link);
		on_event(s, e);
		link_event_destroy(e);
	}
}
