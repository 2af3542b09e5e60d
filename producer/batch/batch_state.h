/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a run of `batch`, which its files share. batch.c owns it. */
#pragma once

#include "common/client/protect.h"
#include "common/client/submit.h"
#include "common/client/targets.h"
#include "common/client/waiter.h"
#include "producer/batch/batch_input.h"
#include "producer/batch/batch_line.h"
#include "producer/batch/batch_packs.h"
#include "producer/session/session.h"
#include "producer/batch/ends.h"
#include "producer/batch/progress.h"
#include "producer/batch/receipts.h"

struct batch {
	struct session *s;
	struct batch_line all;
	const char *queue;
	struct job template;
	bool dry;
	uint64_t halt;
	double rate;
	int64_t started_ms;

	struct batch_input input;

	struct submit *submit; /* NULL in a dry run */
	struct batch_packs packs;
	struct targets *targets;
	struct protect *protect;
	struct waiter *waiter; /* NULL without --wait */
	struct ends told;
	struct receipts receipts;
	struct progress progress;
	struct progress_state state;
	char *blocked;
	uint64_t ends[OUTCOMES], sent, skipped;
	int signals;
	unsigned interrupts;
	int rc; /* -1 if err ends the run */
	struct error err;
};
