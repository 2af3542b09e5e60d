/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers that the tests of handlers share: queues, the odd handler, and what became of a job. */
#pragma once

/* Returns the name of a queue of the test's own, set up. The caller frees it. */
char *queue_name(void);
/* Ends the test if text does not have part in it. */
void assert_has(const char *text, const char *part);
/* Returns the --handler of tests/handlers/odd.py. The caller frees it. */
char *odd_process(void);
/* Sends a job with that timeout. */
void send_within(const char *queue, const char *type, const char *args, const char *timeout);
/* Sends a job with a timeout for a busy machine, where an interpreter may take seconds to start. */
void send_as(const char *queue, const char *type, const char *args);
/*
 * Waits for the dead letter of a queue. Returns what `dead list --json` says of it, which the
 * caller frees.
 */
char *dead_letter(const char *queue);
