/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/loop.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static void stop_waiting(uv_timer_t *deadline)
{
	*(bool *)deadline->data = true;
	uv_stop(deadline->loop);
}

/* Returns true when nothing is left to do, or false after ms. */
static bool run_until_empty(uv_loop_t *loop, int64_t ms)
{
	bool late = false;
	uv_timer_t deadline;
	uv_update_time(loop);
	uv_timer_init(loop, &deadline);
	deadline.data = &late;
	uv_unref((uv_handle_t *)&deadline);
	uv_timer_start(&deadline, stop_waiting, (uint64_t)ms, 0);
	int left;
	do
		left = uv_run(loop, UV_RUN_DEFAULT); /* a uv_stop from before counts once */
	while (left && !late);
	uv_close((uv_handle_t *)&deadline, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
	return !uv_loop_alive(loop);
}

bool loop_finish(uv_loop_t *loop, int64_t ms)
{
	uv_walk(loop, must_be_closing, NULL);
	if (!run_until_empty(loop, ms)) {
		log_warn(LOG_SELF,
		         "%u temporary folders are not removed after %lld s: ending without that",
		         loop->active_reqs.count, (long long)(ms / 1000));
		return false;
	}
	if (uv_loop_close(loop) == 0)
		return true;
	log_error(LOG_SELF, "the loop is not empty at its end: this is a bug, stopping");
	abort();
}

void loop_abandon(int exit_code)
{
	log_flush();
	fflush(NULL);
	_exit(exit_code);
}
