/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers that are HTTP services: args are POSTed, the status is the verdict, the body is the
 * result. libcurl's multi interface in the worker's loop; connections are kept and used again.
 */
#pragma once

#include "worker/handlers/handler.h"

/* "http://host/path", "https://host/path", "http+unix:///run/service.sock:/path" */
extern const struct handler_kind http_kind, https_kind, http_unix_kind;
