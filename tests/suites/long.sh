# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# Tests that take hours, not minutes.
#
# builds: asan
# broker: yes
# runs: only when named

meson_suite build-asan long 1
