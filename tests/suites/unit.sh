# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# Tests that need no broker.
# As built by default, with warnings as errors, and with ASan and UBSan.
#
# builds: plain
# runs: first
# quick: yes

meson_suite build-test unit 2
if [ -z "$quick" ] && build_asan; then meson_suite build-asan unit 2; fi
