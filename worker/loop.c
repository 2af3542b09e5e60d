/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/loop.h"

#include <stdlib.h>

#include "common/base/log.h"

static void must_be_closing(uv_handle_t *handle, void *data)
{
	(void)data;
	if (uv_is_closing(handle))
		return;
	log_error(LOG_SELF, "a %s handle of the loop was not closed: this is a bug, stopping",
	          uv_handle_type_name(uv_handle_get_type(handle)));
	abort();
}

void loop_finish(uv_loop_t *loop)
{
	uv_walk(loop, must_be_closing, NULL);
	while (uv_run(loop, UV_RUN_DEFAULT) != 0)
		; /* a uv_stop from before counts once */
	if (uv_loop_close(loop) == 0)
		return;
	log_error(LOG_SELF, "the loop is not empty at its end: this is a bug, stopping");
	abort();
}
