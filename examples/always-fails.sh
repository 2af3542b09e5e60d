#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Handler: never succeeds. After its last attempt the job is in the dead queue, with the line below
# in its box.
echo "attempt $JOB_ATTEMPT of $JOB_MAX_ATTEMPTS: this will never work" >&2
exit 1
