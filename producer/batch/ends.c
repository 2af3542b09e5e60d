/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/ends.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

static bool is_first(struct ends *e, const json_t *answer, uint64_t last)
{
	const char *text = json_string_value(json_object_get(answer, "correlation_id"));
	uint64_t line = text ? strtoull(text, NULL, 10) : 0;
	if (line == 0 || line > last)
		return false;
	if (line >= e->bits) {
		uint64_t bits = (line / 8192 + 1) * 8192 * 2;
		e->lines = xrealloc(e->lines, bits / 8, 1);
		memset(e->lines + e->bits / 8, 0, (bits - e->bits) / 8);
		e->bits = bits;
	}
	bool first = !(e->lines[line / 8] >> line % 8 & 1);
	e->lines[line / 8] |= (unsigned char)(1 << line % 8);
	return first;
}

bool ends_take(struct ends *e, const json_t *answer, uint64_t last)
{
	const char *kind = json_string_value(json_object_get(answer, "kind"));
	const char *verdict = json_string_value(json_object_get(answer, "verdict"));
	if (!kind || strcmp(kind, "final") != 0 || !is_first(e, answer, last))
		return false;
	e->told++;
	e->dead += !verdict || strcmp(verdict, "ok") != 0;
	return true;
}

void ends_finish(struct ends *e)
{
	free(e->lines);
	*e = (struct ends){0};
}
