# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# Everything around Warren breaks at random, and the jobs are counted.
# See tests/faults/README.md. WARREN_FAULTS has options of tests/faults/chaos.py,
# such as "--seed 42 --duration 1h".
#
# builds: plain
# runs: beside

python_tests tests/faults
read -r -a options <<<"${WARREN_FAULTS:-}"
run_test "no job is lost in chaos" \
	"${hears_ctrl_c[@]}" tests/faults/chaos.py --build build-test --quiet "${options[@]}"
run_test "chaos ends on Ctrl-C and leaves nothing" \
	"${hears_ctrl_c[@]}" tests/faults/interrupt.py build-test
