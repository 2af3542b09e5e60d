/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/journal/journal.h"

#include "worker/state/state.h"

void journal_tell(struct worker *w, const struct news *n)
{
	for (const struct listener *const *l = w->listeners; *l; l++)
		(*l)->hear(w, n);
}
