/* SPDX-License-Identifier: Apache-2.0 */
/* Tells what the response of an HTTP service, or the lack of one, means for a job. Pure. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "worker/rules/verdict.h"

/* Returns OK for 2xx, DEAD for 400, 410, 413, 415 and 422, and RETRY for any other status. */
enum verdict http_status_verdict(long status);
/*
 * Returns the verdict when no response came. UNRUNNABLE means that the service is down or is not
 * the one it should be (refused, unresolvable, wrong certificate), which is not the job's fault.
 * Otherwise returns RETRY, because the service may have begun to work on the job.
 */
enum verdict http_failure_verdict(CURLcode code);
/* Returns true when text is printable ASCII without line ends, and so may stand in a request
 * header. A job must not smuggle headers in. */
bool http_header_safe(const char *text);
