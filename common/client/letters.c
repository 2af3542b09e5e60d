/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/letters.h"

#include <poll.h>

#include "common/base/clock.h"

#define CONSUMER "warren-letters"

enum {
	CHANNEL_INSPECT = 1,
	CHANNEL_FIRST = 2,
	CHANNELS_MAX = 60,
	PER_CONSUMER = 2000, /* the broker's limit for a consumer of a quorum queue */
	IDLE_MS = 2000,
	/*
	 * RabbitMQ keeps at most 32 commands of a channel to a quorum queue under way. Further acks
	 * wait in the channel and are lost when it closes: 14 of 2,300 nacks and 1 of 41 acks on
	 * 3.10.8. So acks are paced, and the last ones get time to arrive before the channel is
	 * closed.
	 */
	ACKS_AT_ONCE = 16,
	ACKS_PAUSE_MS = 5,
	LAST_ACKS_MS = 100,
};

struct walk {
	struct broker *b;
	const char *queue;
	int channel;   /* of the newest consumer */
	uint32_t held; /* by it, unacknowledged */
	uint32_t acks;
	bool stop;
};

static int next_consumer(struct walk *w, struct error *err)
{
	if (w->channel + 1 >= CHANNEL_FIRST + CHANNELS_MAX)
		return error_set(err, ERROR_FAILED,
		                 "there are more than %d letters; select fewer with --limit or IDs",
		                 PER_CONSUMER * CHANNELS_MAX);
	w->channel++;
	w->held = 0;
	if (broker_open_channel(w->b, w->channel, false, err) < 0)
		return -1;
	return broker_consume(w->b, w->channel, w->queue, CONSUMER, PER_CONSUMER, err);
}

static int visit_one(struct walk *w, struct broker_event *e, letter_visit_fn *visit, void *data,
                     struct error *err)
{
	int rc = 0;
	w->held++;
	switch (visit(data, e->message, e->routing_key, err)) {
	case LETTER_KEEP:
		break;
	case LETTER_TAKE:
		w->held--;
		rc = broker_ack(w->b, e->channel, e->tag, false, err);
		if (++w->acks % ACKS_AT_ONCE == 0)
			poll(NULL, 0, ACKS_PAUSE_MS);
		break;
	case LETTER_STOP:
		w->stop = true;
		break;
	case LETTER_FAIL:
		rc = -1;
		break;
	}
	message_destroy(e->message);
	return rc;
}

static int walk_on(struct walk *w, uint32_t ready, letter_visit_fn *visit, void *data,
                   struct error *err)
{
	while (ready > 0 && !w->stop) {
		struct broker_event e;
		if (w->held == PER_CONSUMER && next_consumer(w, err) < 0)
			return -1;
		if (broker_read(w->b, IDLE_MS, &e, err) < 0)
			return -1;
		if (e.kind == BROKER_NOTHING)
			return 0;
		if (e.kind == BROKER_CHANNEL_CLOSED || e.kind == BROKER_CONSUMER_GONE)
			return error_set(err, ERROR_UNAVAILABLE,
			                 "the broker stopped to deliver the letters of '%s': %s",
			                 w->queue, e.text);
		if (e.kind != BROKER_DELIVERY)
			continue;
		if (e.channel != w->channel || visit_one(w, &e, visit, data, err) < 0)
			return -1;
		ready--;
	}
	return 0;
}

/*
 * Cancels all consumers before the first channel is closed. Otherwise the broker would deliver the
 * letters of a closed channel to a consumer that has room, and they would return out of order. The
 * channels give back their letters in the order in which they are closed.
 */
static void close_channels(struct walk *w)
{
	for (int channel = CHANNEL_FIRST; channel <= w->channel && !broker_broken(w->b); channel++)
		broker_cancel(w->b, channel, CONSUMER, NULL);
	if (w->acks > 0)
		poll(NULL, 0, LAST_ACKS_MS);
	for (int channel = CHANNEL_FIRST; channel <= w->channel && !broker_broken(w->b); channel++)
		broker_close_channel(w->b, channel, NULL);
}

int letters_walk(struct broker *b, const char *queue, letter_visit_fn *visit, void *data,
                 struct error *err)
{
	struct walk w = {.b = b, .queue = queue, .channel = CHANNEL_FIRST - 1};
	uint32_t ready = 0;
	if (broker_open_channel(b, CHANNEL_INSPECT, false, err) < 0 ||
	    broker_inspect_queue(b, CHANNEL_INSPECT, queue, &ready, NULL, err) < 0 ||
	    broker_close_channel(b, CHANNEL_INSPECT, err) < 0)
		return -1;
	if (ready == 0)
		return 0;
	int rc = next_consumer(&w, err) < 0 ? -1 : walk_on(&w, ready, visit, data, err);
	close_channels(&w);
	return rc;
}
