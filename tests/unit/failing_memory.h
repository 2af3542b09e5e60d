/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations of the linked Warren objects go through here (ld --wrap), so that a test can refuse
 * the Nth of them and count what was not given back.
 */
#pragma once

/* The nth allocation from now on (from 1) fails, and every one behind it; 0: none does. */
void memory_fail_from(long nth);
/* Allocated and not freed since memory_fail_from. */
long memory_live(void);
