/* SPDX-License-Identifier: Apache-2.0 */
#include "common/amqp/declare.h"

enum { CHANNEL = 3 };

/* A refusal closes the channel, so each one is followed by a new one. */
struct workbench {
	struct broker *b;
	bool open;
};

static int ready(struct workbench *w, struct error *err)
{
	if (w->open)
		return 0;
	if (broker_open_channel(w->b, CHANNEL, false, err) < 0)
		return -1;
	w->open = true;
	return 0;
}

static int put_away(struct workbench *w, int rc)
{
	if (w->open && !broker_broken(w->b))
		broker_close_channel(w->b, CHANNEL, NULL);
	return rc;
}

int declare_topology(struct broker *b, const struct topology *t, declare_report_fn *report,
                     void *data, struct error *err)
{
	struct workbench w = {.b = b};
	int rc = 0;
	for (size_t i = 0; i < t->count; i++) {
		if (ready(&w, err) < 0)
			return -1;
		bool refused = broker_declare(b, CHANNEL, &t->items[i], err) < 0;
		if (broker_broken(b))
			return -1;
		if (refused) {
			w.open = false;
			rc = -1;
		}
		if (report)
			report(data, &t->items[i], refused ? DECLARE_REFUSED : DECLARE_DONE,
			       refused ? err->text : NULL);
	}
	return put_away(&w, rc);
}

static int inspect_item(struct workbench *w, const struct topology_item *item, bool *present,
                        struct error *err)
{
	if (ready(w, err) < 0)
		return -1;
	int rc = item->kind == TOPOLOGY_QUEUE
	             ? broker_inspect_queue(w->b, CHANNEL, item->name, NULL, NULL, err)
	             : broker_inspect_exchange(w->b, CHANNEL, item->name, err);
	if (broker_broken(w->b))
		return -1;
	*present = rc == 0;
	w->open = rc == 0;
	return 0;
}

int declare_inspect(struct broker *b, const struct topology *t, declare_report_fn *report,
                    void *data, size_t *absent, struct error *err)
{
	struct workbench w = {.b = b};
	*absent = 0;
	for (size_t i = 0; i < t->count; i++) {
		const struct topology_item *item = &t->items[i];
		bool present;
		if (item->kind != TOPOLOGY_QUEUE && item->kind != TOPOLOGY_EXCHANGE)
			continue;
		if (inspect_item(&w, item, &present, err) < 0)
			return -1;
		*absent += !present;
		if (report)
			report(data, item, present ? DECLARE_PRESENT : DECLARE_ABSENT, NULL);
	}
	return put_away(&w, 0);
}
