/* SPDX-License-Identifier: Apache-2.0 */
/* Shows what the workers answer to a producer that waits for a job. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/*
 * Shows one answer (common/client/waiter.h). Log lines, progress and retries go to stderr. The
 * result of a final answer goes to stdout as the handler wrote it. Returns true if the answer was
 * final. *code is then the exit code: 0 if the job is done, ERROR_FAILED if it is dead.
 */
bool show_answer(const json_t *answer, int *code);
