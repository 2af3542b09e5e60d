/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a libuv loop: after it nothing refers to the loop or to what was in it. */
#pragma once

#include <uv.h>

/*
 * Runs the loop until it is empty, and closes it. Every handle must be closing already: one that is
 * not would keep the loop for ever, which is a broken invariant and aborts. What libuv's threads
 * have begun (files that are removed) is waited for.
 */
void loop_finish(uv_loop_t *loop);
