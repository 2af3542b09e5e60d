/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rules/complaint.h"

#include <stdio.h>

#include "common/base/hash.h"

enum { FIRST_PAUSE_MS = 60000, LAST_PAUSE_MS = 3600000 };

static bool is_known(const struct complaint *c, uint64_t h)
{
	for (unsigned i = 0; i < c->known && i < COMPLAINT_WORDS; i++)
		if (c->words[i] == h)
			return true;
	return false;
}

static bool tell(struct complaint *c, int64_t pause_ms, int64_t now_ms)
{
	c->times = 0;
	c->pause_ms = pause_ms < LAST_PAUSE_MS ? pause_ms : LAST_PAUSE_MS;
	c->told_at_ms = now_ms;
	return true;
}

bool complaint_due(struct complaint *c, const char *words, int64_t now_ms,
                   char again[static COMPLAINT_TEXT_SIZE])
{
	uint64_t h = hash_bytes(span_of(words));
	again[0] = '\0';
	if (!is_known(c, h)) {
		c->words[c->known++ % COMPLAINT_WORDS] = h;
		return tell(c, FIRST_PAUSE_MS, now_ms);
	}
	c->times++;
	if (now_ms - c->told_at_ms < c->pause_ms)
		return false;
	snprintf(again, COMPLAINT_TEXT_SIZE, " (%u times since it was told last)", c->times);
	return tell(c, 2 * c->pause_ms, now_ms);
}

bool complaint_over(struct complaint *c)
{
	bool told = c->known > 0;
	*c = (struct complaint){0};
	return told;
}
