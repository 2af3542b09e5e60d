/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the topology's table with what the management API says is there. Pure. */
#pragma once

#include <jansson.h>

#include "common/job/topology.h"

struct broker_view {
	json_t *exchanges, *queues, *bindings; /* arrays as the API gives them */
};

/* Called for each difference with the object, the field, what it should be and what it is. The
 * latter may be "(missing)" or "(none)". */
typedef void compare_report_fn(void *data, const char *object, const char *field, const char *want,
                               const char *have);

/* Reports each difference and returns their number. A policy that changes what a queue promises is
 * a difference. */
size_t compare_topology(const struct topology *t, const struct broker_view *view,
                        compare_report_fn *report, void *data);
