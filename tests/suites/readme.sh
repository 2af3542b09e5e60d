# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# Every command of README.md.
#
# runs: beside

run_test "every command of README.md" "${hears_ctrl_c[@]}" tests/scripts/readme.sh
