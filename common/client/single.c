/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/single.h"

#include <poll.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/client/submit.h"

enum { TICK_MS = 500, CLOSE_MS = 3000 };

struct single {
	struct submit *submit;
	struct submit_owner owner;
	bool was_up, failed, ended;
	enum outcome outcome;
	struct error why; /* of the outcome */
	struct error failure;
};

static void on_end(struct submit_owner *owner, enum outcome outcome, const struct error *err)
{
	struct single *s = list_item(owner, struct single, owner);
	s->ended = true;
	s->outcome = outcome;
	if (err)
		s->why = *err;
}

static void on_change(void *data, enum submit_change change, const struct error *why)
{
	struct single *s = data;
	switch (change) {
	case SUBMIT_UP:
		s->was_up = true;
		break;
	case SUBMIT_DOWN:
		log_warn(LOG_SELF, "%s; trying again", why->text);
		break;
	case SUBMIT_BLOCKED:
		log_warn(LOG_SELF, "the broker takes no publishes at present (%s); waiting",
		         why->text);
		break;
	case SUBMIT_FAILED:
		s->failed = true;
		s->failure = *why;
		break;
	case SUBMIT_UNBLOCKED:
		break;
	}
}

struct single *single_open(const struct connection_settings *c, const char *role, const char *queue,
                           struct error *err)
{
	struct single *s = xcalloc(1, sizeof *s);
	const struct submit_options o = {.connection = c,
	                                 .role = role,
	                                 .queue = queue,
	                                 .give_up = true,
	                                 .told = on_change,
	                                 .data = s};
	s->owner.ended = on_end;
	s->submit = submit_open(&o, err);
	if (!s->submit)
		free(steal_ptr(s));
	return s;
}

void single_close(struct single *s)
{
	if (!s)
		return;
	submit_close(s->submit, CLOSE_MS);
	free(s);
}

/* Handles what happens until *done, or until there will be no connection any more. */
static void wait_for(struct single *s, const bool *done)
{
	while (!*done && !s->failed) {
		struct pollfd fd = {.fd = submit_fd(s->submit), .events = POLLIN};
		poll(&fd, 1, TICK_MS);
		submit_handle(s->submit);
	}
}

enum outcome single_publish(struct single *s, struct outbound *out, int64_t timeout_ms,
                            struct error *err)
{
	s->ended = false;
	wait_for(s, &s->was_up);
	submit_publish(s->submit, out, &s->owner, timeout_ms);
	submit_flush(s->submit);
	wait_for(s, &s->ended);
	if (!s->ended) {
		*err = s->failure;
		return OUTCOME_ABANDONED;
	}
	if (s->outcome != OUTCOME_CONFIRMED)
		*err = s->why;
	return s->outcome;
}
