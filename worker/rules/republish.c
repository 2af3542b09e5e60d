/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rules/republish.h"

#include "common/job/delay.h"

bool republish_make(struct outbound *out, const struct outbound_source *s, const struct fate *fate,
                    const char *box)
{
	if (fate->kind == FATE_DEAD)
		return outbound_dead(out, s, box);
	uint32_t units = delay_units(fate->delay_ms);
	return outbound_again(out, s, fate->exact ? units : delay_round_backoff(units));
}
