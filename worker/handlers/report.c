/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/report.h"

const struct run_report run_report_blank = {.after_ms = -1,
                                            .exit_code = -1,
                                            .wall_ms = -1,
                                            .cpu_user_ms = -1,
                                            .cpu_system_ms = -1,
                                            .max_rss_kib = -1};
