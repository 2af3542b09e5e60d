/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/replay.h"

#include <stdlib.h>

#include "common/base/memory.h"
#include "common/client/letters.h"
#include "common/client/single.h"
#include "common/settings/connect.h"

struct replay {
	struct replay_options o;
	struct single *single;
};

struct replay *replay_open(const struct replay_options *o, struct error *err)
{
	struct replay *r = xcalloc(1, sizeof *r);
	r->o = *o;
	r->single = single_open(o->connection, "replay", NULL, err);
	if (!r->single)
		free(steal_ptr(r));
	return r;
}

void replay_close(struct replay *r)
{
	if (!r)
		return;
	single_close(r->single);
	free(r);
}

static int publish(struct replay *r, struct outbound *out, struct error *err)
{
	enum outcome o = single_publish(r->single, out, r->o.confirm_timeout_ms, err);
	if (o == OUTCOME_TIMED_OUT)
		error_set(err, ERROR_TRYAGAIN,
		          "no confirm in time: it may have been stored, and stays a dead letter "
		          "too");
	return o == OUTCOME_CONFIRMED ? 0 : -1;
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
