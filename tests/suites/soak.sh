# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# A worker that runs a million jobs, or WARREN_SOAK_JOBS.
#
# builds: plain
# broker: yes
# runs: only when named

jobs=${WARREN_SOAK_JOBS:-1000000}
run_test "$jobs jobs in one worker" \
	tests/scripts/soak.sh "$root/build-test" "$broker_url" "$jobs"
