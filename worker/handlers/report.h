/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a handler about one run of a job. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "worker/rules/verdict.h"

struct run_report {
	/* From the handler, or of the kind crash. Never timeout, for only the owner of the run
	 * knows that it stopped the run. */
	enum verdict verdict;
	int64_t after_ms; /* of retry and snooze: as the handler asked; -1 when it did not say */
	int exit_code;    /* -1 when it did not exit */
	int signal;       /* 0 when none */
	int64_t wall_ms, cpu_user_ms, cpu_system_ms, max_rss_kib; /* -1 when unknown */
	struct span result; /* bounded; borrowed for the time of the call */
	bool result_truncated;
	struct span stderr_tail; /* last BOX_STDERR_MAX bytes; borrowed for the time of the call */
	/* One line for people, "" when there is nothing to say. With VERDICT_UNRUNNABLE it says why
	 * the handler could not be started. */
	char error[512];
};

/* A report in which nothing is known yet. */
extern const struct run_report run_report_blank;
