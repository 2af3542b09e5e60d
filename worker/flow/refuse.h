/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a job on without running it. */
#pragma once

#include "worker/state/task.h"

/* Buries a job that can never be run. reason is static text, detail is a line for people. */
void refuse_unfit(struct task *t, const char *reason, const char *detail);
/* Sends a job that is not run now to the ring, or to the dead letters. why is not REFUSE_NOT. */
void refuse_for(struct task *t, enum refusal why);
