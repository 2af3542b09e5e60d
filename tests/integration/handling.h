/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of handlers share: queues, the odd handler, and what became of a job. */
#pragma once

/* A queue of the test's own, set up; the caller's. */
char *queue_name(void);
void assert_has(const char *text, const char *part);
/* The --handler of tests/handlers/odd.py; the caller's. */
char *odd_process(void);
void send_within(const char *queue, const char *type, const char *args, const char *timeout);
/* With a timeout for a busy machine, where an interpreter may take seconds to start. */
void send_as(const char *queue, const char *type, const char *args);
/* Waits for the dead letter of a queue; what `dead list --json` says of it, the caller's. */
char *dead_letter(const char *queue);
