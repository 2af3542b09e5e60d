# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# The leaders of a cluster of three nodes under load are killed.
# WARREN_CLUSTER has options of tests/faults/cluster.py.
#
# builds: plain
# runs: last

read -r -a options <<<"${WARREN_CLUSTER:-}"
run_test "nothing is lost when leaders of a cluster die" \
	"${hears_ctrl_c[@]}" tests/faults/cluster.py --build build-test "${options[@]}"
