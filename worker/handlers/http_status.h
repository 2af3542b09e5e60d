/* SPDX-License-Identifier: Apache-2.0 */
/* What an HTTP service's answer, or the lack of one, means for a job. Pure. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "worker/rules/verdict.h"

/* 2xx ok · 408, 425, 429, 5xx retry · 400, 410, 413, 415, 422 dead · any other retry. */
enum verdict http_status_verdict(long status);
/*
 * No answer came. UNRUNNABLE: the service is down or is not the one it should be (refused,
 * unresolvable, wrong certificate), which is not the job's fault; else RETRY: it may have begun to
 * work on the job.
 */
enum verdict http_failure_verdict(CURLcode code);
/* May it stand in a request header? Printable ASCII without line ends: a job must not smuggle
 * headers in. */
bool http_header_safe(const char *text);
