/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers that are HTTP services. The args are POSTed, the status is the verdict, and the body is
 * the result. Uses libcurl's multi interface in the worker's loop, which keeps connections and uses
 * them again.
 */
#pragma once

#include "worker/handlers/handler.h"

/* For "http://host/path", "https://host/path" and "http+unix:///run/service.sock:/path". */
extern const struct handler_kind http_kind, https_kind, http_unix_kind;
