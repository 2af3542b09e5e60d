/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/replay.h"

#include <poll.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/client/letters.h"
#include "common/client/submit.h"
#include "common/settings/connect.h"

enum { TICK_MS = 500, CLOSE_MS = 3000 };

struct replay {
	struct replay_options o;
	struct submit *submit;
	struct submit_owner owner; /* of the one publish that is under way */
	bool waiting;
	enum outcome outcome;
	struct error err; /* why outcome is not OUTCOME_CONFIRMED */
	bool failed;      /* no connection will be opened any more */
	struct error failure;
};

static void on_end(struct submit_owner *owner, enum outcome outcome, const struct error *err)
{
	struct replay *r = list_item(owner, struct replay, owner);
	r->waiting = false;
	r->outcome = outcome;
	if (err)
		r->err = *err;
	if (outcome == OUTCOME_TIMED_OUT)
		error_set(&r->err, ERROR_TRYAGAIN,
		          "no confirm in time: it may have been stored, and stays a dead letter "
		          "too");
}

static void on_news(void *data, enum submit_news news, const struct error *why)
{
	struct replay *r = data;
	if (news == SUBMIT_DOWN)
		log_warn(LOG_SELF, "%s; trying again", why->text);
	if (news == SUBMIT_BLOCKED)
		log_warn(LOG_SELF, "the broker takes no publishes at present (%s); waiting",
		         why->text);
	if (news != SUBMIT_FAILED)
		return;
	r->failed = true;
	r->failure = *why;
}

struct replay *replay_open(const struct replay_options *o, struct error *err)
{
	struct replay *r = xcalloc(1, sizeof *r);
	*r = (struct replay){.o = *o, .owner = {.ended = on_end}};
	const struct submit_options submit = {.connection = o->connection,
	                                      .role = "replay",
	                                      .give_up = true,
	                                      .told = on_news,
	                                      .data = r};
	r->submit = submit_open(&submit, err);
	if (!r->submit)
		free(steal_ptr(r));
	return r;
}

void replay_close(struct replay *r)
{
	if (!r)
		return;
	submit_close(r->submit, CLOSE_MS);
	free(r);
}

static int publish(struct replay *r, struct outbound *out, struct error *err)
{
	r->waiting = true;
	submit_publish(r->submit, out, &r->owner, r->o.confirm_timeout_ms);
	submit_flush(r->submit);
	while (r->waiting && !r->failed) {
		struct pollfd fd = {.fd = submit_fd(r->submit), .events = POLLIN};
		poll(&fd, 1, TICK_MS);
		submit_handle(r->submit);
	}
	if (!r->waiting && r->outcome == OUTCOME_CONFIRMED)
		return 0;
	*err = r->waiting ? r->failure : r->err;
	return -1;
}

static int replay_letter(struct replay *r, const struct letter *l, const char *routing_key,
                         struct error *err)
{
	struct outbound out;
	int rc = outbound_replay(&out, r->o.connection->prefix, routing_key, l->message, &l->book)
	             ? publish(r, &out, err)
	             : error_set(err, ERROR_DATA,
	                         "its foreign headers are too large to be published again");
	return rc < 0 ? error_wrap(err, "replay of %s", l->id) : 0;
}

static enum letter_verdict take(struct replay *r, const struct letter *l, const char *routing_key,
                                struct error *err)
{
	switch (r->o.choose(r->o.data, l)) {
	case REPLAY_SKIP:
		break;
	case REPLAY_STOP:
		return LETTER_STOP;
	case REPLAY_PUBLISH:
		if (replay_letter(r, l, routing_key, err) < 0)
			return LETTER_FAIL;
		r->o.replayed(r->o.data, l);
		return LETTER_TAKE;
	}
	return LETTER_KEEP;
}

static enum letter_verdict visit(void *data, const struct message *m, const char *routing_key,
                                 struct error *err)
{
	struct replay *r = data;
	struct letter l;
	letter_read(&l, m, routing_key, r->o.connection->prefix);
	enum letter_verdict verdict = take(r, &l, routing_key, err);
	letter_finish(&l);
	return verdict;
}

int replay_queue(struct replay *r, const char *queue, struct error *err)
{
	struct broker *b = connect_broker(r->o.connection, err);
	int rc = b ? letters_walk(b, queue, visit, r, err) : -1;
	broker_destroy(b, true);
	return rc;
}
