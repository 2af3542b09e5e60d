/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/state/publish.h"

#include "common/base/memory.h"

void publish_start(struct worker *w, struct publish_owner *owner, struct outbound *o,
                   int64_t deadline_ms)
{
	link_publish(w->links.publishing.link, (uint64_t)(uintptr_t)owner, o->exchange, o->key,
	             steal_ptr(o->message), deadline_ms);
}

void publish_ended(struct worker *w, const struct link_event *e)
{
	struct publish_owner *owner = (struct publish_owner *)(uintptr_t)e->token;
	owner->ended(w, owner, e);
}
