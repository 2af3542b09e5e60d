# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# scripts/bench.sh gives figures. How good they are is not judged.
#
# builds: plain

run_test "the benchmark gives figures" tests/scripts/bench.sh "$root/build-test"
