/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/state/state.h"

#include <stdint.h>

void state_init(struct worker *w, struct worker_settings *settings,
                const struct listener *const *listeners)
{
	*w = (struct worker){
	    .settings = settings,
	    .listeners = listeners,
	    .links.room = headers_room(SIZE_MAX),
	    .slots = (unsigned)settings->slots,
	};
	list_init(&w->packs);
	list_init(&w->tasks.waiting);
	list_init(&w->tasks.running);
	list_init(&w->tasks.publishing);
	list_init(&w->tasks.ended);
	list_init(&w->tasks.spare);
	w->tasks.known = redelivery_create();
}
