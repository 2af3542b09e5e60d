/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps the allocations of the linked Warren objects (ld --wrap), so that a test can refuse the Nth
 * of them and count what was not freed.
 */
#pragma once

/*
 * Makes the nth allocation from now on (from 1) and every later one fail. 0 means that none does.
 */
void memory_fail_from(long nth);
/* Returns how many allocations since memory_fail_from are not freed. */
long memory_live(void);
