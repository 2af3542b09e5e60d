# shellcheck shell=bash disable=SC2154 # the runner sets root, quick and broker_url
# SPDX-License-Identifier: Apache-2.0
#
# The sources, looked at without running them: scripts/lint.sh.
#
# packages: lint
# builds: plain
# runs: beside
# quick: yes

count_lines lint scripts/lint.sh ${quick:+--changed} build-test
