/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the service manager how the handlers fare. */
#include "worker/journal/journal.h"
#include "worker/state/notify.h"

static void hear(struct worker *w, const struct news *n)
{
	(void)w;
	if (n->kind == NEWS_HANDLER_PAUSED)
		notify_status(n->words);
	else if (n->kind == NEWS_HANDLER_WORKS)
		notify_status("consuming");
}

const struct listener notify_listener = {.name = "notify", .hear = hear};
