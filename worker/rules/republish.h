/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the message that carries a job on after its fate was decided. Pure. */
#pragma once

#include "common/job/outbound.h"
#include "worker/rules/fate.h"

/*
 * Fills *out with the message that fate asks for: into the delay ring or back to the queue for
 * FATE_RING, to the dead letters with box (JSON text, or NULL) for FATE_DEAD. Returns false, and
 * leaves *out alone, if the original's foreign headers are too large to be published again.
 */
bool republish_make(struct outbound *out, const struct outbound_source *s, const struct fate *fate,
                    const char *box);
