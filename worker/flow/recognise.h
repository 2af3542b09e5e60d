/* SPDX-License-Identifier: Apache-2.0 */
/* Recognises a copy of a job that is known here, so that no job runs twice. */
#pragma once

#include "worker/state/task.h"

/*
 * Looks whether copy, which the broker delivered again, is a job in hand or finished here. Returns
 * true when it is: then the copy is dealt with, and the task is gone.
 */
bool recognise_copy(struct task *copy);
