/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/flow/refuse.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "worker/flow/carry_out.h"
#include "worker/journal/journal.h"
#include "worker/flow/record.h"

void refuse_unfit(struct task *t, const char *reason, const char *detail)
{
	t->fate = (struct fate){.kind = FATE_DEAD, .reason = reason};
	record_without_attempt(t, detail);
	journal_tell(t->worker, &(struct news){.kind = NEWS_UNFIT, .task = t, .words = detail});
	carry_out_fate(t);
}

void refuse_for(struct task *t, enum refusal why)
{
	char detail[512];
	int64_t early_ms = why == REFUSE_EARLY ? t->in.job.not_before_ms - clock_now_ms() : 0;
	t->fate = fate_of_refusal(why, early_ms, random_unit(), &t->in.book);
	const char *words = why == REFUSE_KEYLESS ? t->in.detail
	                    : t->fate.word        ? t->fate.word
	                                          : t->fate.reason;
	if (t->fate.kind == FATE_DEAD) {
		snprintf(detail, sizeof detail, "%s, type '%s'", words,
		         t->in.job.type ? t->in.job.type : "?");
		words = detail;
		record_without_attempt(t, detail);
	}
	journal_tell(t->worker, &(struct news){.kind = NEWS_REFUSED, .task = t, .words = words});
	carry_out_fate(t);
}
