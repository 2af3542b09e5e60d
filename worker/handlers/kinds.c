/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "worker/handlers/exec.h"
#include "worker/handlers/http.h"
#include "worker/handlers/plugin.h"
#include "worker/handlers/process.h"

static const struct handler_kind *const kinds[] = {&exec_kind, &process_kind, &plugin_kind,
                                                   &http_kind, &https_kind,   &http_unix_kind};

static const struct handler_kind *kind_of(const char *run, const char **rest)
{
	const char *colon = strchr(run, ':');
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): the number of pointers is meant */
	for (size_t i = 0; colon && i < sizeof kinds / sizeof *kinds; i++) {
		size_t len = strlen(kinds[i]->name);
		if ((size_t)(colon - run) == len && strncmp(run, kinds[i]->name, len) == 0) {
			*rest = colon + 1;
			return kinds[i];
		}
	}
	return NULL;
}

struct handler *kinds_open(uv_loop_t *loop, struct guardian *g,
                           const struct worker_settings *worker,
                           const struct handler_settings *settings, struct error *err)
{
	const char *rest = NULL;
	const struct handler_kind *kind = kind_of(settings->run, &rest);
	if (!kind) {
		error_set(err, ERROR_CONFIG,
		          "handler '%s': '%.100s' does not begin with a kind; write exec:CMD "
		          "ARG..., process:CMD ARG..., "
		          "plugin:./FILE.so or http://HOST/PATH",
		          settings->type, settings->run);
		return NULL;
	}
	struct handler *h = xcalloc(1, sizeof *h);
	*h = (struct handler){
	    .kind = kind, .settings = settings, .worker = worker, .loop = loop, .guardian = g};
	if (kind->open(h, rest, err) < 0) {
		error_wrap(err, "handler '%s'", settings->type);
		free(h);
		return NULL;
	}
	return h;
}
