/* SPDX-License-Identifier: Apache-2.0 */
/* The topology's table held against what the management API says is there. Pure. */
#pragma once

#include <jansson.h>

#include "common/job/topology.h"

struct broker_view {
	json_t *exchanges, *queues, *bindings; /* arrays as the API gives them */
};

/* One difference: which object, which field, what it should be and what it is ("(missing)",
 * "(none)"). */
typedef void compare_report_fn(void *data, const char *object, const char *field, const char *want,
                               const char *have);

/* Returns the number of differences, each reported. Policies that change what a queue promises
 * count as differences. */
size_t compare_topology(const struct topology *t, const struct broker_view *view,
                        compare_report_fn *report, void *data);
