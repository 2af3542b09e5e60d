/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/process.h"

#include "worker/pool.h"
#include "worker/program.h"

static int process_open(struct handler *h, const char *rest, struct error *err)
{
	char *program = NULL, **words = NULL;
	if (program_find(rest, &program, &words, err) < 0)
		return -1;
	h->state = pool_create(h, program, words, h->settings->stdio, err);
	return h->state ? 0 : -1;
}

static void process_close(struct handler *h)
{
	pool_destroy(h->state);
}

static bool process_full(const struct handler *h)
{
	return pool_full(h->state);
}

static void process_flush(struct handler *h)
{
	pool_flush(h->state);
}

static bool process_retire(struct handler *h)
{
	return pool_retire(h->state);
}

static void process_start(struct handler *h, struct run *r)
{
	pool_start(h->state, r);
}

static void process_stop(struct run *r, enum run_stop how)
{
	pool_stop(r->handler->state, r, how);
}

const struct handler_kind process_kind = {
    .name = "process",
    .long_lived = true,
    .open = process_open,
    .close = process_close,
    .full = process_full,
    .flush = process_flush,
    .retire = process_retire,
    .start = process_start,
    .stop = process_stop,
};
