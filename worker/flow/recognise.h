/* SPDX-License-Identifier: Apache-2.0 */
/* Recognises a copy of a job that is known here, so that no job runs twice. */
#pragma once

#include "worker/state/task.h"

/*
 * Looks whether t is a copy of a job in hand or finished here, if the broker delivered it again.
 * Returns true when it is: then the copy is dealt with, and the task is gone. Otherwise notes the
 * job, so that its copies are recognised, and returns false.
 */
bool recognise_or_note(struct task *t);
