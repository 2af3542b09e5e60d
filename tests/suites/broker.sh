# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# scripts/broker.sh chooses free ports and keeps its data.
#
# runs: beside

run_test "a private broker is found, kept and ended" tests/scripts/broker.sh
