#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Handler: fails at its first two attempts, as work does that waits for something, and succeeds at
# the third.
if [ "$JOB_ATTEMPT" -lt 3 ]; then
	echo "attempt $JOB_ATTEMPT of $JOB_MAX_ATTEMPTS: what I need is not there yet" >&2
	exit 75
fi
[ -z "${RESULTS:-}" ] || echo "{\"attempt\":$JOB_ATTEMPT}" >"$RESULTS/$JOB_ID.$$"
echo "{\"attempt\":$JOB_ATTEMPT}"
