/* SPDX-License-Identifier: Apache-2.0 */
/* Tells what a process has used so far, by /proc/PID/stat (proc(5)). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_usage {
	int64_t cpu_user_ms, cpu_system_ms; /* in steps of a clock tick, 10 ms */
	int64_t rss_kib;
};

bool process_usage_read(pid_t pid, struct process_usage *u);
