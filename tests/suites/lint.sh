# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# scripts/lint.sh finds nothing in the sources.
#
# packages: lint
# builds: plain
# runs: beside
# quick: yes

count_lines lint scripts/lint.sh ${quick:+--changed} build-test
