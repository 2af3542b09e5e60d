/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a libuv loop: after it nothing refers to the loop or to what was in it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { LOOP_FINISH_MS = 5000 /* a supervisor waits only a few seconds more than it must */ };

/*
 * Runs the loop until it is empty, closes it and returns true. Every handle must be closing
 * already: one that is not would keep the loop for ever, which is a broken invariant and aborts.
 * What libuv's threads have begun (private_tmp_remove) is waited for, but only for ms. Returns
 * false if it takes longer: then the threads still use the loop, which is not closed. Call
 * loop_abandon, or loop_finish once more.
 */
bool loop_finish(uv_loop_t *loop, int64_t ms);
/*
 * Ends the process at once, after loop_finish returned false. An ordinary exit would wait for the
 * threads of libuv.
 */
_Noreturn void loop_abandon(int exit_code);
