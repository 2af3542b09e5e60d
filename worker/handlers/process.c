/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/process.h"

#include "worker/handlers/pool.h"
#include "worker/handlers/program.h"

static int process_open(struct handler *h, const char *rest, struct error *err)
{
	char *program = NULL, **words = NULL;
	if (program_find(rest, &program, &words, err) < 0)
		return -1;
	return pool_open(h, program, words, h->settings->stdio, err);
}

const struct handler_kind process_kind = {
    .name = "process",
    .long_lived = true,
    .open = process_open,
    .close = pool_close,
    .free = pool_free,
    .full = pool_full,
    .flush = pool_flush,
    .retire = pool_retire,
    .start = pool_start,
    .stop = pool_stop,
};
