#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Handler: takes as many seconds as args, a number, say. With STARTED in the worker's environment it
# leaves a file there at its start, named by the job and by the worker process (WORKER in its
# environment) that runs it.
read -r seconds
echo "sleeping $seconds s" >&2
[ -z "${STARTED:-}" ] || : >"$STARTED/$JOB_ID.${WORKER:-0}"
sleep "$seconds" || exit 65
echo "slept $seconds s" >&2
[ -z "${RESULTS:-}" ] || echo "{\"slept\":$seconds}" >"$RESULTS/$JOB_ID.$$"
echo "{\"slept\":$seconds}"
