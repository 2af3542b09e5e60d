# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# scripts/demo.sh over a folder with the oddest file names there can be.
#
# builds: plain
# runs: beside

run_test "the demo over odd file names" \
	"${hears_ctrl_c[@]}" tests/scripts/demo.sh "$root/build-test"
run_test "the demo ends on Ctrl-C and leaves nothing" \
	"${hears_ctrl_c[@]}" tests/scripts/interrupt.sh "$root/build-test"
