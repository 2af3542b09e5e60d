/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the attempts of a job into its history, and into its box when it is dead. */
#pragma once

#include "worker/state/task.h"

/* Adds an attempt to the task's history. The fate is decided already. number is the attempt's. */
void record_attempt(struct task *t, const struct run_report *report, enum verdict v,
                    unsigned number);
/* Makes the box of a task that is dead without an attempt. detail is a line for people. */
void record_without_attempt(struct task *t, const char *detail);
