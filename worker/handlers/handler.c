/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/handler.h"

#include <assert.h>
#include <stdlib.h>

void handler_hold(struct handler *h)
{
	h->held++;
}

void handler_release(struct handler *h)
{
	assert(h->held > 0);
	h->held--;
}

void handler_stop(struct handler *h)
{
	h->kind->close(h);
	h->closing = true;
}

bool handler_stopped(const struct handler *h)
{
	return h->closing && h->held == 0;
}

void handler_destroy(struct handler *h)
{
	if (!h)
		return;
	assert(handler_stopped(h));
	h->kind->free(h);
	free(h);
}
